"""The examination as a whole, on the machine that runs the tests."""

import json

import torch
from layerlaw.measure import Severity, check_environment
from layerlaw.measure.environment.environment_check import EnvironmentCheck, grade
from layerlaw.measure.timing import stabilisation


def test_all_is_looked_at_once_and_what_is_wrong_can_be_mended():
    threads, flushing = torch.get_num_threads(), stabilisation.flushes_subnormals()
    found = check_environment()
    subjects = [each.subject for each in found]
    assert len(set(subjects)) == len(subjects)
    assert {"threads", "load", "two speeds", "allocator", "clock"} <= set(subjects)
    for each in found:
        assert each.state
        assert bool(each.mend) == (each.severity in (Severity.WARN, Severity.BAD)), each
    assert torch.get_num_threads() == threads, "it leaves things as they were"
    assert stabilisation.flushes_subnormals() == flushing


def test_a_finding_is_json_with_its_advice():
    found = EnvironmentCheck("load", "5.00 on 2 cores", Severity.BAD, "wait")
    assert json.loads(json.dumps(found.as_dict())) == {
        "subject": "load",
        "state": "5.00 on 2 cores",
        "severity": "bad",
        "mend": "wait",
        "advice": Severity.BAD.advice,
    }
    assert len({severity.advice for severity in Severity}) == len(Severity)


def test_figures_are_graded_at_their_limits():
    grades = [grade(value, 0.1, 0.5) for value in (0.09, 0.1, 0.49, 0.5)]
    assert grades == [Severity.OK, Severity.WARN, Severity.WARN, Severity.BAD]
