"""What a person sees while something is under way."""

import pytest
from layerlaw.cli import show


def test_what_is_interrupted_says_so(capsys):
    with pytest.raises(KeyboardInterrupt), show.counting("laws"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err.endswith("layerlaw: stopped\n")
