"""What it costs to turn a table into the array that a model reads: time and memory, beside NumPy.

    python benches/tables.py [--rows 1000000] [--columns 50] [--rounds 5] [--check]

Frames of pandas (one block of float64, a column by itself, mixed columns, columns of arrow), of
polars and of pyarrow, those that are installed. "numpy" is what users write by hand,
``np.asarray(frame, dtype="float32")``, whose rows are mostly not contiguous, so that a batch cannot
be cut out of it by copying rows; "with rows" makes them so. First the numbers are compared: they
must be the same to the bit. Then the sides are timed in turns; the table shows the least times of
the CPU, and
the most memory that a conversion needed above the frame, in copies of it as float32 (Linux only).

--check: a small frame, compared and not timed.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from corereg.tables.given import given

Array = np.ndarray[Any, Any]
Call = Callable[[], Any]


def frames(rows: int, columns: int) -> Iterator[tuple[str, Any]]:
    """Frames of the libraries that are here, one after the other."""
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(columns)]
    if find_spec("pandas"):
        import pandas

        yield "pandas, one block", pandas.DataFrame(rng.random((rows, columns)), columns=names)
        singly = {name: rng.random(rows) for name in names}
        yield "pandas, single columns", pandas.DataFrame(singly, copy=False)
        mixed: dict[str, Any] = dict(singly)
        for name in names[::5]:
            mixed[name] = rng.integers(0, 9, rows) > 4
        for name in names[1::5]:
            mixed[name] = pandas.array(rng.integers(0, 9, rows), dtype="Int64")
        yield "pandas, bool and Int64", pandas.DataFrame(mixed, copy=False)
        if find_spec("pyarrow"):
            arrow = pandas.DataFrame(singly, copy=False).convert_dtypes(dtype_backend="pyarrow")
            yield "pandas, of arrow", arrow
        del singly, mixed
    if find_spec("polars"):
        import polars

        yield "polars", polars.DataFrame({name: rng.random(rows) for name in names})
    if find_spec("pyarrow"):
        import pyarrow

        yield "pyarrow", pyarrow.table({name: rng.random(rows) for name in names})


def by_hand(frame: Any) -> Array:
    """The frame by NumPy's words."""
    if hasattr(frame, "to_pandas") and not hasattr(frame, "to_numpy"):  # a table of arrow
        return np.column_stack([column.to_numpy() for column in frame.columns]).astype("float32")
    if hasattr(frame, "iloc"):  # NumPy makes objects of columns of pandas's own kinds
        return np.asarray(frame.to_numpy(dtype="float32"))
    found: Array = np.asarray(frame, dtype="float32")
    return found


def with_rows(frame: Any) -> Array:
    """The same with contiguous rows."""
    return np.ascontiguousarray(by_hand(frame))


def ours(frame: Any) -> Array:
    """What fit makes of the frame."""
    return given("bench", "X", frame, "float32", False).array


SIDES: dict[str, Callable[[Any], Array]] = {
    "numpy": by_hand,
    "with rows": with_rows,
    "corereg": ours,
}


def kilobytes(name: str) -> int | None:
    """A line of what Linux says of this process's memory."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name))
    except OSError:
        return None


def peak(call: Call) -> float | None:
    """Bytes that a call needed at most, of what the process did not have before."""
    gc.collect()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak begins anew
    except OSError:
        return None
    before = kilobytes("VmRSS")
    result = call()
    most = kilobytes("VmHWM")
    del result
    return None if before is None or most is None else 1024.0 * (most - before)


def seconds(call: Call) -> float:
    """Of the CPU, so that other work of the machine counts little."""
    gc.collect()
    began = time.process_time()
    call()
    return time.process_time() - began


def check(name: str, frame: Any) -> None:
    """Raises AssertionError if the sides do not give the same numbers."""
    found, wanted = ours(frame), by_hand(frame)
    if found.dtype != np.float32 or not found.flags.c_contiguous:
        raise AssertionError(f"{name}: expected contiguous rows of float32")
    if not np.array_equal(found, wanted):
        raise AssertionError(f"{name}: expected NumPy's numbers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rows, columns = (1000, 7) if options.check else (options.rows, options.columns)
    if not options.check:
        print(f"{rows:,} x {columns}: seconds, and the most memory in copies of float32\n")
        print("| frame | " + " | ".join(SIDES) + " | corereg / numpy |\n|---|---|---|---|---|")
    for name, frame in frames(rows, columns):
        check(name, frame if options.check else frame[:1000])
        if options.check:
            continue
        sides = [partial(side, frame) for side in SIDES.values()]
        memory = [peak(side) for side in sides]
        times = np.array([[seconds(side) for side in sides] for _ in range(options.rounds)])
        least = times.min(axis=0)
        cells = [
            f"{t:.2f} s" + ("" if m is None else f", {m / (4 * rows * columns):.2f}")
            for t, m in zip(least, memory, strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} | {least[2] / least[0]:.2f} |", flush=True)
    if options.check:
        print("the numbers are NumPy's")


if __name__ == "__main__":
    main()
