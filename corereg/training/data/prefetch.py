"""Batches that threads make ahead of the training, in order."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from typing import Any

LOOK = 0.1  # seconds a wait takes at most before it looks for Ctrl-C


def fetched_ahead(
    fetch: Callable[[int], Any], count: int | None, workers: int, most: int
) -> Generator[Any]:
    """fetch(0), ..., fetch(count - 1), without end if count is None, made by so many threads, at
    most `most` ahead of what was taken. An error comes out in its place. Threads end with the
    iteration, be it left early; they are daemons, so that none holds up the end of the process. A
    forked child, which has no threads, makes what is left by itself."""
    process, stopped = os.getpid(), threading.Event()
    tasks: SimpleQueue[Any] = SimpleQueue()
    waiting: deque[SimpleQueue[Any]] = deque()  # for each batch under way, where it comes out
    asked, count = 0, sys.maxsize if count is None else count
    try:
        for i in range(min(workers, count)):  # within try: an interrupt may come between two
            name, given = f"corereg-batches-{i}", (fetch, tasks, stopped)
            threading.Thread(target=_work, args=given, name=name, daemon=True).start()
        for number in range(count):
            if os.getpid() != process:
                yield fetch(number)
                continue
            while asked < min(count, number + max(most, 1)):
                place: SimpleQueue[Any] = SimpleQueue()
                waiting.append(place)
                tasks.put((asked, place))
                asked += 1
            batch, error = taken(waiting.popleft())
            if error is not None:
                raise error
            yield batch
    finally:
        if os.getpid() == process:  # in a child a lock may be held by a thread that is not there
            stopped.set()
            for _ in range(workers):
                tasks.put(None)


def taken(place: SimpleQueue[Any]) -> Any:
    """What comes out there, in a while. A signal in the moment in which a wait begins, or one that
    another thread receives, does not end that wait: hence many short ones."""
    while True:
        try:
            return place.get(timeout=LOOK)
        except Empty:
            continue


def _work(fetch: Callable[[int], Any], tasks: SimpleQueue[Any], stopped: threading.Event) -> None:
    """What each thread does."""
    while (task := tasks.get()) is not None and not stopped.is_set():
        number, place = task
        try:
            place.put((fetch(number), None))
        except BaseException as error:
            place.put((None, error))
