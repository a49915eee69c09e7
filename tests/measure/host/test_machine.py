import json
import os

import torch
from layerlaw.measure import fingerprint, machine_id
from layerlaw.measure.host.machine import TRANSIENT_FACTS, torch_build


def test_the_fingerprint_is_json_and_names_what_matters():
    facts = fingerprint()
    assert json.loads(json.dumps(facts)) == facts
    assert {"architecture", "os", "python", "torch", "vectors", "build"} <= set(facts)
    assert facts["torch_threads"]["within an operation"] == torch.get_num_threads()


def test_the_id_is_stable_and_follows_what_matters():
    facts = fingerprint()
    assert machine_id(fingerprint()) == machine_id(facts)
    assert len(machine_id(facts)) == 8
    for name in ("torch", "governor", "turbo", "core_quota", "gpu_clock_mhz"):
        assert machine_id({**facts, name: "another"}) != machine_id(facts)
    for name in TRANSIENT_FACTS:
        assert machine_id({**facts, name: "another"}) == machine_id(facts)


def test_the_id_outlives_another_number_of_threads():
    before, threads = machine_id(fingerprint()), torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert machine_id(fingerprint()) == before
    finally:
        torch.set_num_threads(threads)


def test_cores_are_those_that_this_process_may_use():
    if hasattr(os, "sched_getaffinity"):
        assert fingerprint()["cores"] == len(os.sched_getaffinity(0))


CONFIG = """PyTorch built with:
  - GCC 13.3
  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71)
  - Build settings: BLAS_INFO=open, BUILD_TYPE=Release, CXX_COMPILER=/x/c++, CXX_FLAGS= -DNDEBUG \
-O2 -Wno-missing-field -mavx2 -march=native -fno-math-errno -fPIC, USE_MKL=OFF, USE_MKLDNN=1,
"""


def test_the_build_keeps_what_decides_how_fast_kernels_are():
    assert torch_build(CONFIG) == {
        "blas": "open",
        "libraries": ["Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71)"],
        "compiler": "GCC 13.3",
        "compiler_flags": ["-O2", "-mavx2", "-march=native", "-fno-math-errno"],
        "build": {"BUILD_TYPE": "Release", "USE_MKL": "OFF", "USE_MKLDNN": "1"},
    }
    assert torch_build("")["blas"] is None
