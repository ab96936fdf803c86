"""A process for each side of peers.py: libraries keep their own threads, memory and environment,
and are asked in turns."""

from __future__ import annotations

import gc
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from peers_sides import SIDES
from workloads import Workload

MEMORY_EPOCHS = 1  # after the first


def serve(connection: Connection, name: str) -> None:
    """Answers requests, (method, arguments), until the other end closes: ("ok", value), or
    ("error", text) where a library is not there or does not do this."""
    worker = Worker(name)
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer = "ok", getattr(worker, method)(*arguments)
        except (ImportError, NotImplementedError) as error:
            answer = "error", f"{error}"
        connection.send(answer)


class Worker:
    def __init__(self, name: str) -> None:
        self.make = SIDES[name][1]
        self.modules = SIDES[name][2]
        self.side: Any = None

    def build(self, workload: Workload, x: np.ndarray) -> tuple[float, np.ndarray]:
        """A fresh side: its loss, and its predictions for x."""
        self.side = None
        gc.collect()
        self.side = self.make(workload)
        return self.side.loss(), np.asarray(self.side.predict(x))

    def in_order(self) -> float:
        """The loss after an epoch without shuffling."""
        self.side.in_order()
        return float(self.side.loss())

    def run(self, epochs: int) -> float:
        return float(self.side.run(epochs))

    def predict(self, x: np.ndarray, calls: int) -> float:
        """Seconds of a call."""
        predict = self.side.predict
        predict(x)
        began = time.perf_counter()
        for _ in range(calls):
            predict(x)
        return (time.perf_counter() - began) / calls

    def memory(self, workload: Workload) -> float:
        """Megabytes that training takes at its peak, over those of the imported library and of the
        data. To be asked first."""
        for module in self.modules:
            __import__(module)
        workload.data()  # which it keeps
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
        self.make(workload).run(MEMORY_EPOCHS)
        return resident("VmHWM") - before


def resident(field: str) -> float:
    """Megabytes."""
    if not os.path.exists("/proc/self/status"):
        raise NotImplementedError("memory is read from /proc, which is not here")
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(kilobytes) / 1024
