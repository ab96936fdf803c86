"""Learning rates by the step."""

from __future__ import annotations

import math
from collections.abc import Sequence


def scheduled_rate(kind: str, numbers: Sequence[float], step: int) -> float:
    """The learning rate of a schedule after so many steps; see cr_schedule_kind for the numbers."""
    p = list(map(float, numbers))
    if kind in ("exponential_decay", "inverse_time_decay"):
        passed = step / p[1]
        passed = math.floor(passed) if p[3] else passed
        if kind == "exponential_decay":
            return p[0] * math.pow(p[2], passed)
        return p[0] / (1 + p[2] * passed)
    if kind == "polynomial_decay":
        length = p[1] * max(1, math.ceil(step / p[1])) if p[4] else p[1]
        return (p[0] - p[2]) * math.pow(1 - min(step, length) / length, p[3]) + p[2]
    if kind == "cosine_decay":
        length, alpha, warm_up, end = p[1:]
        if end >= 0 and step < warm_up:
            return (end - p[0]) * step / warm_up + p[0]
        passed = min(step - (warm_up if end >= 0 else 0), length) / length
        top = end if end >= 0 else p[0]
        return top * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * passed)) + alpha)
    if kind == "cosine_restarts":
        length, t_mul, m_mul, alpha = p[1:]
        number, begin = 0, 0.0
        while step >= begin + length:
            number, begin, length = number + 1, begin + length, length * t_mul
        wave = 0.5 * math.pow(m_mul, number) * (1 + math.cos(math.pi * (step - begin) / length))
        return p[0] * ((1 - alpha) * wave + alpha)
    if kind == "piecewise_constant":
        half = len(p) // 2
        return p[half + sum(step > boundary for boundary in p[:half])]
    return p[1 + min(max(step - int(p[0]), 0), len(p) - 2)]
