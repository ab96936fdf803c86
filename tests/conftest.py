"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from corereg import _kernels, registry as parts
from corereg.autograd import registry

Array = np.ndarray[Any, Any]
MARGIN = 65  # odd, so that guarded arrays also start at odd addresses
SENTINEL = 12345.0


EXTRAS = {
    "h5py": "keras",
    "matplotlib": "plot",
    "sklearn": "sklearn",
    "tensorboard": "tensorboard",
}
"""The extra of corereg that brings a module which tests ask for by `pytest.importorskip`."""


def skipped_extras(terminalreporter: Any) -> dict[str, int]:
    """How many tests were skipped for want of each extra."""
    skipped: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", ()):
        found = re.search(r"could not import '(\w+)", str(report.longrepr))
        if found and found[1] in EXTRAS:
            extra = EXTRAS[found[1]]
            skipped[extra] = skipped.get(extra, 0) + 1
    return skipped


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says in one line which extras were not there, so that their tests were skipped."""
    skipped = skipped_extras(terminalreporter)
    if skipped:
        counts = ", ".join(f"{name} ({skipped[name]})" for name in sorted(skipped))
        names = ",".join(sorted(skipped))
        terminalreporter.write_line(
            f"skipped the tests of extras that are not installed: {counts}; "
            f"pip install 'corereg[{names}]' brings them"
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With COREREG_TEST_EXTRAS=1, as in .ci/run, a skipped test of an extra is a failure."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if os.environ.get("COREREG_TEST_EXTRAS") == "1" and reporter and skipped_extras(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    """Closes what a test has drawn: matplotlib warns of many open figures."""
    yield
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator seeded by the test's name, parameters included."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.fixture
def registry_as_before() -> Iterator[None]:
    """Forgets the ops that a test makes."""
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


@pytest.fixture
def registrations_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgets the classes and functions that a test registers as its own."""
    for table in ("_custom", "_registered_names"):
        monkeypatch.setattr(parts, table, dict(getattr(parts, table)))


@pytest.fixture
def close() -> Callable[..., None]:
    return assert_close


def assert_close(
    actual: Any, expected: Any, ulps: float = 16, scale: float | None = None, what: str = ""
) -> None:
    """Fails unless shapes are equal, NaN and infinity are in the same places, and no entry is
    off by more than `ulps` roundings of a number of size `scale`, in actual's dtype. scale: the
    size of what was summed up (None: the largest finite entry expected)."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, what
    if scale is None:
        scale = np.abs(expected, where=np.isfinite(expected), out=np.zeros(expected.shape)).max(
            initial=0
        )
    allowed = ulps * np.finfo(actual.dtype).eps * scale
    np.testing.assert_allclose(actual, expected, rtol=0, atol=allowed, err_msg=what)


@pytest.fixture
def fails() -> Callable[..., None]:
    return assert_fails


def assert_fails(
    call: Callable[[], object], exception: type[Exception], message: str, *unchanged: Array
) -> None:
    """Fails unless call() raises exactly this exception, with a message that holds the regular
    expression, and leaves the arrays as they are."""
    before = [a.tobytes() for a in unchanged]
    with pytest.raises(exception, match=message) as caught:
        call()
    assert type(caught.value) is exception
    assert [a.tobytes() for a in unchanged] == before


@pytest.fixture
def guarded() -> Iterator[Callable[..., Array]]:
    """Makes output arrays full of NaN; the test fails if anything beside them was written."""
    made: list[Array] = []

    def make(shape: int | tuple[int, ...], dtype: str) -> Array:
        size = int(np.prod(shape))
        whole = np.full(size + 2 * MARGIN, SENTINEL, dtype)
        whole[MARGIN : MARGIN + size] = np.nan
        made.append(whole)
        return whole[MARGIN : MARGIN + size].reshape(shape)

    yield make
    for whole in made:
        assert (whole[:MARGIN] == SENTINEL).all()
        assert (whole[-MARGIN:] == SENTINEL).all()


@pytest.fixture
def threads_agree() -> Iterator[Callable[[Callable[[], Sequence[Array]]], None]]:
    """Fails unless the arrays that a call returns are bitwise the same for 1, 2, 3 and 5
    threads.

    On fewer CPUs, OMP_NUM_THREADS makes up the threads: see test_kernels_isa.py.
    """

    def check(call: Callable[[], Sequence[Array]]) -> None:
        results = []
        for threads in (1, 2, 3, 5):
            _kernels.set_num_threads(threads)
            results.append([a.tobytes() for a in call()])
        assert all(result == results[0] for result in results)

    yield check
    _kernels.set_num_threads(0)
