import json

from layerlaw.measure import fingerprint, machine_id
from layerlaw.measure.machine import PASSING


def test_the_fingerprint_is_json_and_names_what_matters():
    facts = fingerprint()
    assert json.loads(json.dumps(facts)) == facts
    assert {"architecture", "os", "python", "torch", "vectors"} <= set(facts)


def test_the_id_is_stable_and_follows_what_matters():
    facts = fingerprint()
    assert machine_id(fingerprint()) == machine_id(facts)
    assert len(machine_id(facts)) == 8
    assert machine_id({**facts, "torch": "0.1"}) != machine_id(facts)
    for name in PASSING:
        assert machine_id({**facts, name: "another"}) == machine_id(facts)
