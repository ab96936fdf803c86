"""Threads that kernels use: how many, and what the team does at once, between regions, beside forks
and at the end of the process. tests/test_team.py has its C alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corereg import _kernels

needs_threads = pytest.mark.skipif(
    _kernels.build_flags()[1] == "none", reason="built without threads"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="no /proc here")
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
    limits = ("OMP_NUM_THREADS", "COREREG_NUM_THREADS")
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


@needs_threads
def test_number_from_the_environment_and_from_calls():
    more = ASK + "".join(
        f"corereg.set_num_threads({n}); print(corereg.get_num_threads());" for n in (2, 9, 0)
    )
    assert child(more, OMP_NUM_THREADS="4") == ["4", "2", "4", "4"]
    both = {"OMP_NUM_THREADS": "4", "COREREG_NUM_THREADS": "3"}
    assert child(more, **both) == ["3", "2", "4", "4"]
    assert child(ASK, **both | {"COREREG_NUM_THREADS": "9"}) == ["4"]
    assert child(ASK, **both | {"COREREG_NUM_THREADS": "0"}) == ["4"]


@needs_threads
@pytest.mark.parametrize(("text", "number"), [(" 3 ,2", 3), ("-2", 0)])
def test_number_of_openmp(text, number):
    """A list is for regions inside regions, of which there are none here; nonsense is no limit."""
    cpus = "len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()"
    given, usable = child(f"{ASK} print({cpus})", OMP_NUM_THREADS=text)
    assert given == (str(number) if number else usable)


@needs_threads
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity here")
def test_number_of_the_cpus_allowed():
    one = min(os.sched_getaffinity(0))
    assert child(f"os.sched_setaffinity(0, {{{one}}});" + ASK) == ["1"]
    assert child(ASK) == [str(len(os.sched_getaffinity(0)))]


V2 = "/sys/fs/cgroup/cpu.max"
V1 = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"
V1_PERIOD = "/sys/fs/cgroup/cpu/cpu.cfs_period_us"


@needs_threads
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


# ---- the team ----------------------------------------------------------------------------------

PRODUCTS = """
import threading, time
import numpy as np
import corereg
from corereg import _kernels

rng = np.random.default_rng(0)
x = rng.standard_normal((96, 256)).astype("f4")
weights = [rng.standard_normal((256, 256)).astype("f4") / 16 for _ in range(3)]

def recorded():
    program, at = _kernels.Program(), x
    with program:
        for w in weights:
            at = _kernels.dense_forward(at, w)
    return program, at

program, out = recorded()
program.replay(1, 1)
expected = out.tobytes()

def computes(program, out, threads=0):
    out[...] = 0
    program.replay(1, threads)
    return out.tobytes() == expected
"""
AT_ONCE = """
def work():
    program, out = recorded()
    found.extend(computes(program, out) for _ in range(25))

found = []
callers = [threading.Thread(target=work) for _ in range(4)]
for caller in callers:
    caller.start()
for n in (5, 1, 3, 2, 0) * 4:
    corereg.set_num_threads(n)
    for threads in range(1, corereg.get_num_threads() + 1):
        found.append(computes(program, out, threads))
for caller in callers:
    caller.join()
print(len(found) - 4 * (5 + 1 + 3 + 2 + 5), all(found))
"""


@needs_threads
def test_many_threads_run_regions_of_all_sizes_at_once():
    """More than there are CPUs, while the limit goes up and down."""
    assert child(PRODUCTS + AT_ONCE, OMP_NUM_THREADS="5") == ["100", "True"]


@needs_threads
def test_workers_that_wait_take_no_time():
    idle = """
for threads in (2, 5):
    assert computes(program, out, threads)
    time.sleep(0.02)
    began = time.process_time()
    time.sleep(0.3)
    print(time.process_time() - began < 0.05)
"""
    assert child(PRODUCTS + idle, OMP_NUM_THREADS="5") == ["True", "True"]


@needs_threads
@needs_proc
def test_workers_have_a_name_and_leave_signals_to_others():
    look = """
import signal
computes(program, out, 3)
time.sleep(0.02)
for task in sorted(map(int, os.listdir("/proc/self/task"))):
    with open(f"/proc/self/task/{task}/status") as file:
        told = dict(line.strip().split(":", 1) for line in file)
    blocked = int(told["SigBlk"], 16)
    if told["Name"].strip() == "corereg":
        print(*(blocked >> number - 1 & 1 for number in (signal.SIGINT, signal.SIGTERM,
                                                         signal.SIGCHLD, signal.SIGSEGV)))
"""
    assert child(PRODUCTS + look, OMP_NUM_THREADS="3") == ["1", "1", "1", "0"] * 2


@needs_threads
def test_the_process_ends_while_workers_wait_and_work():
    ends = """
def work():
    while True:
        program.replay(100, 3)

threading.Thread(target=work, daemon=True).start()
other, out = recorded()
print(computes(other, out, 3))
"""
    assert child(PRODUCTS + ends, OMP_NUM_THREADS="3") == ["True"]


# ---- forks -------------------------------------------------------------------------------------

IN_A_REGION = """
from corereg import layers
from corereg.models import Sequential

y = np.tanh(x)

def results():
    corereg.set_random_seed(3)
    model = Sequential([layers.Input((256,)), layers.Dense(256, "tanh"), layers.Dense(256)])
    model.compile("adam", "mse")
    model.fit(x, y, batch_size=48, epochs=4, verbose=0)
    return model.predict(x, verbose=0).tobytes() + model.get_weights()[0].tobytes()

def work():
    while not stop.is_set():
        program.replay(50, 2)

corereg.set_num_threads(1)
alone = results()
corereg.set_num_threads(0)
stop = threading.Event()
busy = threading.Thread(target=work)
busy.start()
codes = set()
for _ in range(4):
    time.sleep(0.003)
    pid = os.fork()
    if not pid:
        mine, out = recorded()
        right = computes(mine, out, 2) and results() == alone
        tasks = os.listdir("/proc/self/task") if os.path.isdir("/proc/self/task") else (1, 2)
        os._exit(5 if right and corereg.get_num_threads() == len(tasks) == 2 else 1)
    codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
busy.join()
print(codes, results() == alone)
"""


@needs_threads
@needs_fork
def test_a_child_forked_in_the_middle_of_a_region_has_threads_of_its_own():
    assert child(PRODUCTS + IN_A_REGION, OMP_NUM_THREADS="2") == ["{5}", "True"]


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


@needs_threads
@needs_fork
def test_forks_while_kernels_run():
    """Children and grandchildren of a process whose threads are at work, with a program that was
    arranged for two threads; none may hang."""
    assert child(FORKS, OMP_NUM_THREADS="2") == ["{5}", "True", "2"]
