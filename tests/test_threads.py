"""How many threads kernels use: environment, calls, threadpoolctl, affinity, containers, forks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corereg import _kernels

needs_openmp = pytest.mark.skipif(not _kernels.build_flags()[1], reason="built without OpenMP")
CGROUP = """
import builtins, io, os

real, files = builtins.open, {files!r}

def fake(path, *rest, **options):
    if not str(path).startswith("/sys/fs/cgroup"):
        return real(path, *rest, **options)
    if path not in files:
        raise FileNotFoundError(path)
    return io.StringIO(files[path])

builtins.open = fake  # before the import below, which keeps what it finds
"""


def child(code, files=(), **env):
    """What Python prints for this code, in an environment without limits of threads but these,
    and a container of these files."""
    limits = ("OMP_NUM_THREADS", "COREREG_NUM_THREADS", "OMP_THREAD_LIMIT")
    clean = {key: value for key, value in os.environ.items() if key not in limits}
    clean["PYTHONPATH"] = str(Path(_kernels.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", CGROUP.format(files=dict(files)) + code],
        env=clean | env,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


ASK = "import corereg; print(corereg.get_num_threads());"


@needs_openmp
def test_number_from_the_environment_and_from_calls():
    more = ASK + "".join(
        f"corereg.set_num_threads({n}); print(corereg.get_num_threads());" for n in (2, 9, 0)
    )
    assert child(more, OMP_NUM_THREADS="4") == ["4", "2", "4", "4"]
    both = {"OMP_NUM_THREADS": "4", "COREREG_NUM_THREADS": "3"}
    assert child(more, **both) == ["3", "2", "4", "4"]
    assert child(ASK, **both | {"COREREG_NUM_THREADS": "9"}) == ["4"]
    assert child(ASK, **both | {"COREREG_NUM_THREADS": "0"}) == ["4"]


@needs_openmp
def test_number_that_threadpoolctl_limits():
    code = """
import corereg
from threadpoolctl import threadpool_limits
print(corereg.get_num_threads())
for n in (1, 2):
    with threadpool_limits(limits=n, user_api="openmp"):
        print(corereg.get_num_threads())
print(corereg.get_num_threads())
"""
    assert child(code, OMP_NUM_THREADS="4") == ["4", "1", "2", "4"]


@needs_openmp
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity here")
def test_number_of_the_cpus_allowed():
    one = min(os.sched_getaffinity(0))
    assert child(f"os.sched_setaffinity(0, {{{one}}});" + ASK) == ["1"]
    assert child(ASK) == [str(len(os.sched_getaffinity(0)))]


V2 = "/sys/fs/cgroup/cpu.max"
V1 = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"
V1_PERIOD = "/sys/fs/cgroup/cpu/cpu.cfs_period_us"


@needs_openmp
@pytest.mark.parametrize(
    ("files", "number"),
    [
        ({V2: "max 100000\n"}, 8),
        ({V2: "300000 100000\n"}, 3),
        ({V2: "250000 100000\n"}, 3),
        ({V2: "1000 100000\n"}, 1),
        ({V2: "9900000 100000\n"}, 8),
        ({V1: "-1\n", V1_PERIOD: "100000\n"}, 8),
        ({V1: "150000\n", V1_PERIOD: "50000\n"}, 3),
        ({V1: "150000\n"}, 8),
        ({V2: "", V1: "200000\n", V1_PERIOD: "100000\n"}, 2),
        ({V2: "some 100000\n"}, 8),
    ],
    ids=str,
)
def test_number_that_a_container_grants(files, number):
    assert child(ASK, files, OMP_NUM_THREADS="8") == [str(number)]


# ---- forks -------------------------------------------------------------------------------------

FORKS = """
import os, threading
import numpy as np
from corereg import _kernels

a = np.ones((300, 300))
program, out = _kernels.Program(), np.empty_like(a)
with program:
    _kernels.dense_forward(a, a, out=out)
program.replay(1, 2)
stop = threading.Event()

def work():
    while not stop.is_set():
        _kernels.dense_forward(a, a)

def computes():
    out[...] = 0
    program.replay(1)
    return bool((out == 300).all() and (_kernels.dense_forward(a, a) == 300).all())

busy = threading.Thread(target=work)
busy.start()
codes = set()
for _ in range(10):
    pid = os.fork()
    if not pid:
        grandchild = os.fork()
        if not grandchild:
            os._exit(5 if computes() else 1)
        code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
        os._exit(code if computes() else 2)
    codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
busy.join()
print(codes, computes(), _kernels.get_num_threads())
"""


@needs_openmp
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forks_while_kernels_run():
    """Children and grandchildren of a process whose threads are at work, with a program that was
    arranged for two threads; none may hang."""
    assert child(FORKS, OMP_NUM_THREADS="2") == ["{5}", "True", "2"]
