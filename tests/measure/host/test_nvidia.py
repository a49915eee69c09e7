"""nvidia-smi, by a program of that name that a test writes."""

from math import inf

import pytest
from layerlaw.measure.host import nvidia


@pytest.fixture
def smi(tmp_path, monkeypatch):
    def write(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return write


def test_without_the_program_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia.nvidia_smi("--query-gpu=name") == []
    assert nvidia.field("name") is None
    assert nvidia.megahertz("clocks.max.sm") is None


def test_its_answers_are_lines(smi):
    smi('[ "$2" = --format=csv,noheader,nounits ] && echo "$1" && echo " second "')
    assert nvidia.nvidia_smi("--query-gpu=name") == ["--query-gpu=name", "second"]


def test_a_field_that_a_driver_lacks_is_not_known(smi):
    smi("echo 'Field is not a valid field to query.'; exit 2")
    assert nvidia.field("clocks.max.sm") is None


def test_a_driver_that_hangs_is_left_alone(smi, monkeypatch):
    monkeypatch.setattr(nvidia, "_SECONDS", 0.05)
    smi("exec sleep 60")
    assert nvidia.nvidia_smi("--query-gpu=name") == []


@pytest.mark.parametrize(("said", "meant"), [("1980", 1980), ("[N/A]", None), ("", None)])
def test_clocks_are_numbers_where_they_are_known(said, meant):
    assert nvidia.megahertz("clocks.max.sm", lambda question: [said]) == meant


@pytest.mark.parametrize(("said", "meant"), [("1024", 2.0**30), ("[N/A]", inf), ("", inf)])
def test_free_memory_is_in_bytes(said, meant):
    assert nvidia.free_gpu_memory(lambda question: [said]) == meant
