from __future__ import annotations

import contextlib
import threading

from corereg import _kernels


class ReadWriteLock(_kernels.ReadWriteLock):
    @property
    def reading(self):
        lock = self

        @contextlib.contextmanager
        def r():
            lock.acquire_read()
            try:
                yield
            finally:
                lock.release_read()

        class R:
            def __enter__(s):
                lock.acquire_read()

            def __exit__(s, *e):
                lock.release_read()

        return R()


class TrainingLock:
    def __init__(self):
        self.busy = threading.Lock()
        self.testing = threading.RLock()
        self.trainer_thread = None

    def check_idle(self, who):
        if self.busy.locked():
            raise RuntimeError(f"{who}: the model is being trained; wait until that has ended")

    def check_not_elsewhere(self, who):
        if self.busy.locked() and self.trainer_thread != threading.get_ident():
            raise RuntimeError(
                f"{who}: this model is being trained by another thread; wait until that has ended, "
                "or evaluate from a callback"
            )

    def training(self, who, on_exit):
        lock = self

        class T:
            def __enter__(s):
                if not lock.busy.acquire(blocking=False):
                    raise RuntimeError(
                        f"{who}: this model is being trained by another call; train one model from "
                        "one thread at a time"
                    )
                lock.trainer_thread = threading.get_ident()
                lock.testing.acquire()

            def __exit__(s, *e):
                try:
                    on_exit()
                finally:
                    lock.testing.release()
                    lock.trainer_thread = None
                    lock.busy.release()

        return T()
