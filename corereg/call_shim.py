from __future__ import annotations

import threading


class CallContext:
    _stack = threading.local()

    def __init__(self, training=None):
        self.training, self.losses = training, []

    def __enter__(self):
        s = self._stack.__dict__.setdefault("s", [])
        s.append(self)
        return self

    def __exit__(self, *e):
        self._stack.s.pop()


def current_call():
    s = CallContext._stack.__dict__.get("s")
    return s[-1] if s else None
