"""Each control is switched off in turn, and a law is fitted."""

from layerlaw.session import ablate

from tests.helpers.known_laws import rnn, rows


def test_a_law_is_fitted_with_each_control_switched_off():
    measured, said = [], []

    def measure(layer, *, profile, controls, threads):
        measured.append((layer, profile, threads, controls))
        return rows("rnn", rnn, seed=len(measured))

    found = dict(
        ablate("rnn", profile="asv", threads=2, progress=lambda *a: said.append(a), measure=measure)
    )
    assert list(found) == [
        "nothing",
        "isolation",
        "interleaving",
        "allocator",
        "flush subnormals",
        "inputs",
        "collection",
        "noise gate",
        "nothing, again",
    ]
    assert all(abs(each["d"].estimate - 2) < 0.2 for each in found.values())
    assert {at[:3] for at in measured} == {("rnn", "asv", 2)}
    assert [c.allocator for *_, c in measured] == [left != "allocator" for left in found]
    assert {c.threads for *_, c in measured} == {2}
    assert said[0] == (1, 10, "switched off: nothing")
