"""IntegerLookup and StringLookup give what Keras's give (goldens/make_lookups.py)."""

import json
from pathlib import Path

import numpy as np
import pytest
from goldens.lookup_cases import cases

from corereg import layers

TEXT = Path(__file__).with_name("goldens").joinpath("lookups.json").read_text(encoding="utf-8")
GOLDENS = json.loads(TEXT)["cases"]


@pytest.mark.parametrize("name", list(GOLDENS))
def test_as_keras(name):
    kind, options, seen, given = cases()[name]
    layer = getattr(layers, kind)(**options)
    if seen is not None:
        layer.adapt(np.array(seen))
    wanted = GOLDENS[name]
    assert [one if isinstance(one, str) else int(one) for one in layer.get_vocabulary()] == wanted[
        "vocabulary"
    ]
    out = layer(np.array(given))
    out = np.asarray(getattr(out, "data", out))
    if out.dtype.kind == "f":
        np.testing.assert_allclose(out, np.array(wanted["out"]), rtol=1e-6)
    else:
        assert out.tolist() == wanted["out"]


def test_every_case_is_there():
    assert set(GOLDENS) == set(cases())
