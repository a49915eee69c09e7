import pytest
import torch
from layerlaw.layers import get
from layerlaw.measure import Case
from layerlaw.measure.cases import LARGE_BYTES, bytes_of, persistent_bytes
from layerlaw.measure.timing.modes import gradient_mode
from layerlaw.measure.timing.pass_cache import FREE_SHARE, PassCache
from layerlaw.measure.timing.workload import prepare_pass

from tests.helpers.sizes import complete

SMALL = Case("dense", {"n": 16, "d": 16})
SMALLER = Case("dense", {"n": 8, "d": 16})
HUGE = Case("dense", {"n": 2**16, "d": 128})


def test_a_pass_is_made_once_for_the_same_weights_and_inputs():
    kept = PassCache()
    made = kept(SMALL, 1)
    assert kept(SMALL, 1) is made
    assert kept(Case(SMALL.layer, {"d": 16, "n": 16}), 1) is made, "it is the same case"
    assert kept(SMALL, 2) is not made
    assert kept(SMALL, 1, zeros=True) is not made
    (output,), (zeros,) = made(), kept(SMALL, 1, zeros=True)()
    assert not output.equal(zeros)


def test_what_comes_first_is_kept_and_what_does_not_fit_beside_it_is_made_anew():
    kept = PassCache(most=persistent_bytes(SMALL) + persistent_bytes(SMALLER))
    first, second = kept(SMALL), kept(SMALLER)
    assert kept(SMALLER, 1) is not kept(SMALLER, 1)
    assert kept(SMALL) is first
    assert kept(SMALLER) is second


def test_what_is_large_or_compiled_is_made_anew():
    kept = PassCache(most=4 * LARGE_BYTES)
    assert persistent_bytes(HUGE) >= LARGE_BYTES
    assert kept(HUGE) is not kept(HUGE)
    nothing = PassCache(most=0)
    assert nothing(SMALL) is not nothing(SMALL)


@pytest.mark.parametrize("mode", ["forward", "backward", "training"])
def test_what_stands_between_passes_is_part_of_what_they_take(mode):
    case = Case("attention", {"n": 64, "d": 16}, mode=mode)
    assert 0 < persistent_bytes(case) <= bytes_of(case)
    forward = persistent_bytes(Case("attention", {"n": 64, "d": 16}))
    assert forward == 4 * 4 * 64 * 16  # Q, K, V and the output


@pytest.mark.parametrize("mode", ["forward", "training"])
@pytest.mark.parametrize(
    "name", ["rnn", "attention", "conv", "torch_lstm", "token_mixing", "local_attention"]
)
def test_what_is_shared_gives_the_same_numbers(name, mode):
    kept = PassCache()
    cases = [
        Case(name, complete({"n": n, "d": d, "k": 3}, get(name)), mode=mode)
        for n, d in ((260, 16), (16, 132), (260, 132), (16, 16), (132, 132))
    ]
    for case in [*cases, *cases[::-1]]:
        with gradient_mode(mode):
            for one, other in zip(kept(case, 7)(), prepare_pass(case, 7)(), strict=True):
                torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_words_are_those_of_the_vocabulary_however_many_there_are():
    kept = PassCache()
    for vocabulary in (4096, 32, 528):
        case = Case("embedding", {"n": 512, "d": 16, "V": vocabulary})
        (one,), (other,) = kept(case, 7)(), prepare_pass(case, 7)()
        assert one.equal(other)


def test_processes_share_what_they_keep(monkeypatch):
    monkeypatch.setattr(
        "layerlaw.measure.timing.pass_cache.free_memory",
        lambda: 2 * persistent_bytes(SMALL) / FREE_SHARE,
    )
    two, three = PassCache(processes=2), PassCache(processes=3)
    assert two(SMALL) is two(SMALL)
    assert three(SMALL) is not three(SMALL)


def test_cases_that_differ_in_length_alone_share_weights_and_inputs():
    kept = PassCache()
    long, short = (Case("rnn", {"n": n, "d": 528}) for n in (1040, 528))
    for case in (long, short):
        kept(case)
    (_,), ((row,),) = kept._modules.values(), kept._rows.values()
    assert row.numel() == 1040 * 528


def test_a_native_layer_shares_a_module_only_where_it_says_what_that_needs(monkeypatch):
    rnn = get("torch_rnn")
    short, long = ({"n": n, "d": 8} for n in (4, 6))
    assert rnn.module_key(short) == rnn.module_key(long)
    monkeypatch.setattr(type(rnn), "module_sizes", None)
    assert rnn.module_key(short) != rnn.module_key(long)
