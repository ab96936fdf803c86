"""Options of the campaigns. Without --budget, as in a run of the whole suite, none is run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--budget", type=float, default=None, help="seconds for each campaign")
    parser.addoption("--seed", type=int, default=None, help="makes the same choices again")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignores the folder. pytest reads the options of this file only if it is told to run it."""
    return True if config.getoption("budget", None) is None else None


@pytest.fixture
def budget(request: pytest.FixtureRequest) -> float:
    return request.config.getoption("budget")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("seed")
    return random.randrange(2**32) if given is None else given
