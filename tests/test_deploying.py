"""docs/deploying.md: the service in Flask, and what can be checked of the container. The page's own
program runs in test_docs.py."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corereg
from corereg.layers import Dense, Input
from corereg.models import Sequential

TEXT = (Path(__file__).parents[1] / "docs" / "deploying.md").read_text()
(SERVICE,) = re.findall(r"^```python no-run\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
(IMAGE,) = re.findall(r"^```text\n(FROM .*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A folder with what the image copies."""
    pytest.importorskip("flask")
    corereg.set_random_seed(0)
    model = Sequential([Input((64,)), Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.save(tmp_path / "digits.corereg", include_optimizer=False)
    (tmp_path / "service.py").write_text(SERVICE)
    monkeypatch.chdir(tmp_path)
    return tmp_path, model


@pytest.mark.exhaustive
def test_the_service_in_flask_answers(service):
    _, model = service
    names = {"__name__": "service"}
    exec(compile(SERVICE, "service.py", "exec"), names)
    client, x = names["app"].test_client(), np.ones((2, 64), np.float32)
    reply = client.post("/", json={"x": x.tolist()})
    assert reply.status_code == 200
    assert reply.get_json() == {"digits": model.predict(x, verbose=0).argmax(axis=1).tolist()}
    for wrong, told in (({"x": [[1, 2]]}, "expected X of shape"), ({}, "x"), ({"x": None}, "X")):
        reply = client.post("/", json=wrong)
        assert reply.status_code == 400
        assert told in reply.get_json()["error"]


@pytest.mark.exhaustive
def test_the_command_of_the_image_starts_that_service(service):
    folder, _ = service
    (copied,) = re.findall(r"^COPY (.*) \./$", IMAGE, re.MULTILINE)
    assert sorted(copied.split()) == sorted(path.name for path in folder.iterdir())
    (command,) = re.findall(r"^CMD (.*)$", IMAGE, re.MULTILINE)
    program, *arguments = json.loads(command)
    assert program == "gunicorn"
    pytest.importorskip("gunicorn")
    if shutil.which("gunicorn", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("gunicorn is not beside this Python")
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_names_packages_and_variables_that_there_are():
    assert "COREREG_NUM_THREADS=1" in IMAGE
    assert re.findall(r"^(\w+)", IMAGE.replace("\n    ", " "), re.MULTILINE) == [
        *("FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "CMD")
    ]
