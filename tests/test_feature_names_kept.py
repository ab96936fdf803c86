"""The names of columns go along to models that are made of others: averages, smaller ones, those of
a search."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers, pruning
from corereg.callbacks import SnapshotEnsemble
from corereg.models import Ensemble, load_model
from corereg.tuning import cross_validated_search

pd = pytest.importorskip("pandas")

NAMES = ["a", "b", "c", "d"]
FRAME = pd.DataFrame(np.random.default_rng(2).normal(size=(30, 4)), columns=NAMES)
OTHER = FRAME[["b", "a", "c", "d"]]
Y = (FRAME["a"] > 0).astype(int)


def build(l2=0.0):
    model = corereg.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(3, "relu", kernel_regularizer=corereg.regularizers.L2(l2)),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def trained(frame=FRAME):
    model = build()
    model.fit(frame, Y, verbose=0)
    return model


def refuses_other_order(model):
    assert model.feature_names == NAMES
    with pytest.raises(ValueError, match="in their order"):
        model.predict(OTHER, verbose=0)


def test_ensembles_know_the_columns_of_their_models(tmp_path):
    ensemble = Ensemble([trained(), build(), trained()])
    refuses_other_order(ensemble)
    ensemble.save(tmp_path / "e.corereg")
    refuses_other_order(load_model(tmp_path / "e.corereg"))
    refuses_other_order(pruning.compact(ensemble))
    assert Ensemble([build(), build()]).feature_names is None


def test_models_of_other_columns_make_no_ensemble():
    with pytest.raises(ValueError, match=r"Ensemble: expected models .* same columns .*'b', 'a'"):
        Ensemble([trained(), trained(OTHER)])


def test_ensembles_of_snapshots_know_the_columns():
    model, snapshots = build(), SnapshotEnsemble(cycle_epochs=1)
    model.fit(FRAME, Y, epochs=2, verbose=0, callbacks=snapshots)
    refuses_other_order(Ensemble.of_snapshots(model, snapshots.snapshots))


def test_smaller_models_know_the_columns_that_are_left():
    model = trained()
    kernel, *rest = model.get_weights()
    kernel[1] = 0
    model.set_weights([kernel, *rest])
    refuses_other_order(pruning.compact(model))
    smaller, selected = pruning.compact(model, keep_inputs=False)
    assert smaller.feature_names == ["a", "c", "d"]
    assert np.array_equal(
        smaller.predict(FRAME[smaller.feature_names], verbose=0),
        smaller.predict(FRAME.to_numpy()[:, selected], verbose=0),
    )


def test_what_a_search_has_found_knows_the_columns():
    found = cross_validated_search(
        build, FRAME, Y, {"l2": [0.0, 0.1]}, epochs=1, cv=2, random_state=1, verbose=0
    )
    for model in (found.best_model, found.ensemble, *found.fold_models(0)):
        refuses_other_order(model)
