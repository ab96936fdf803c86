"""The instruction sets that a build finds are those that the operating system says the CPU has."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from corereg import _kernels

CPUINFO = Path("/proc/cpuinfo")
V4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not CPUINFO.exists(), reason="Linux on x86-64 says it there"
)
def test_the_instruction_sets_of_this_cpu_are_found():
    line = next(line for line in CPUINFO.read_text().splitlines() if line.startswith("flags"))
    flags = set(line.split())
    sets = ["baseline"]
    if flags >= {"avx2", "fma"}:
        sets.append("v3")
        if flags >= V4:
            sets.append("v4")
            if "avx512_bf16" in flags:
                sets.append("v4bf16")
                if flags >= {"amx_tile", "amx_bf16"} and "not let" not in _kernels.matrix_units():
                    sets.append("amx")
    found = list(_kernels.available_isas)
    assert found == sets[: len(found)]  # an old compiler knows no matrix units
    assert len(found) >= min(len(sets), 3)
