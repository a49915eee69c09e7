from dataclasses import asdict

from layerlaw.measure import Controls
from layerlaw.measure.environment.ablation import ablations


def test_each_control_is_left_alone_once_between_two_runs_with_all():
    (first, all_on), *middle, (last, again) = ablations(Controls(threads=2))
    assert (first, last) == ("nothing", "nothing, again")
    assert all_on == again == Controls(threads=2)
    switches = {name for name, value in asdict(all_on).items() if value is True}
    off = [{name for name in switches if not asdict(each)[name]} for _, each in middle]
    assert all(len(each) == 1 for each in off)
    assert set.union(*off) == switches
    assert {each.threads for _, each in middle} == {2}


def test_what_is_off_already_is_not_left_alone_again():
    assert "noise gate" not in dict(ablations(Controls(noise_gate=False)))
