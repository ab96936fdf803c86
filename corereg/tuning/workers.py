"""Who runs the tasks of a search: threads of this process, or joblib's workers.

Threads are the default: a training spends nearly all its time in replays, which hold no GIL. Inside
of `joblib.parallel_config(...)` tasks go to the backend named there, on this machine or on many.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from corereg import _kernels
from corereg.training.data.prefetch import taken
from corereg.tuning.space import WHO
from corereg.tuning.tasks import Job, Outcome, Task

Done = tuple[Task, list[Outcome]]
Take = Callable[[Task, list[Outcome]], None]


def check_n_jobs(n_jobs: Any) -> int:
    """How many workers: None or -1 for all the cores that corereg may use. ValueError for 0 and for
    what is no whole number."""
    if n_jobs is None:
        return _kernels.get_num_threads()
    whole = hasattr(n_jobs, "__index__") and not isinstance(n_jobs, bool)
    if not whole or n_jobs == 0:
        raise ValueError(
            f"{WHO}: expected n_jobs as a whole number other than 0, received {n_jobs!r}"
        )
    return int(n_jobs) if n_jobs > 0 else max(_kernels.get_num_threads() + 1 + int(n_jobs), 1)


def has_joblib_backend() -> bool:
    """Whether this runs inside of a `joblib.parallel_config` that names a backend or workers."""
    if "joblib" not in sys.modules:
        return False
    from joblib.parallel import DEFAULT_BACKEND, get_active_backend

    backend, n_jobs = get_active_backend()
    name = type(backend).__name__.removesuffix("Backend").lower()
    return name != DEFAULT_BACKEND or n_jobs not in (None, 1)


def run_tasks(job: Job, tasks: Sequence[Task], n_jobs: int, take: Take) -> None:
    """Runs tasks and has what comes of each taken, in any order, in the thread that calls. If it is
    interrupted, what is under way is finished and taken, too, and no more is begun."""
    if has_joblib_backend():
        _by_joblib(job, tasks, take)
    else:
        _by_threads(job, tasks, n_jobs, take)


def _by_threads(job: Job, tasks: Sequence[Task], n_jobs: int, take: Take) -> None:
    stopped, lock, rest = threading.Event(), threading.Lock(), iter(tasks)
    found: queue.SimpleQueue[Done | BaseException] = queue.SimpleQueue()

    def work() -> None:
        while not stopped.is_set():
            with lock:
                task = next(rest, None)
            if task is None:
                return
            try:
                found.put((task, job.run(task)))
            except BaseException as error:
                found.put(error)
                return

    names = [f"corereg-search-{i}" for i in range(min(n_jobs, len(tasks)))]
    threads = [threading.Thread(target=work, name=name, daemon=True) for name in names]
    try:
        for thread in threads:
            thread.start()
        for _ in tasks:
            done = taken(found)
            if isinstance(done, BaseException):
                raise done
            take(*done)
    finally:
        stopped.set()
        for thread in threads:
            if thread.ident is not None:  # it was started
                thread.join()
        while not found.empty():
            done = found.get()
            if not isinstance(done, BaseException):
                take(*done)


def _by_joblib(job: Job, tasks: Sequence[Task], take: Take) -> None:
    from joblib import Parallel, delayed

    calls = [delayed(_run)(job, task) for task in tasks]
    try:
        parallel: Any = Parallel(return_as="generator_unordered")
    except ValueError:  # a backend that gives all at the end
        parallel = Parallel()
    for done in parallel(calls):
        take(*done)


def _run(job: Job, task: Task) -> Done:
    return task, job.run(task)
