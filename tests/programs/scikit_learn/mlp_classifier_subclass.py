"""A subclass with parameters of its own, which builds its model from what `fit` saw of the data:
two classes, several, and rows with several labels."""

import numpy as np
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.model_selection import GridSearchCV

from corereg import Sequential, layers, losses, optimizers
from corereg.callbacks import EarlyStopping
from corereg.sklearn import KerasClassifier


class MLPClassifier(KerasClassifier):
    def __init__(
        self,
        hidden_layer_sizes=(100,),
        optimizer="adam",
        optimizer__learning_rate=0.001,
        epochs=50,
        verbose=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_layer_sizes = hidden_layer_sizes
        self.optimizer = optimizer
        self.optimizer__learning_rate = optimizer__learning_rate
        self.epochs = epochs
        self.verbose = verbose

    def _keras_build_fn(self, compile_kwargs):
        model = Sequential()
        inp = layers.Input(shape=(self.n_features_in_,))
        model.add(inp)
        for hidden_layer_size in self.hidden_layer_sizes:
            model.add(layers.Dense(hidden_layer_size, activation="relu"))
        if self.target_type_ == "binary":
            n_output_units = 1
            output_activation = "sigmoid"
            loss = "binary_crossentropy"
        elif self.target_type_ == "multiclass":
            n_output_units = self.n_classes_
            output_activation = "softmax"
            loss = "sparse_categorical_crossentropy"
        else:
            n_output_units = self.n_classes_
            output_activation = "sigmoid"
            loss = "binary_crossentropy"
        model.add(layers.Dense(n_output_units, activation=output_activation))
        model.compile(loss=loss, optimizer=compile_kwargs["optimizer"])
        return model


np.random.seed(1)
X, y = make_classification(n_samples=160, n_features=8, n_informative=5, n_classes=2)
clf = MLPClassifier(hidden_layer_sizes=(32,), optimizer__learning_rate=0.01, random_state=0)
clf.fit(X, y)
print("binary %.2f" % clf.score(X, y), clf.predict_proba(X[:2]).shape)
assert clf.score(X, y) > 0.85
assert clf.model_.optimizer.get_config()["learning_rate"] == np.float32(0.01)

names = np.array(["low", "middle", "high"])
X3, y3 = make_classification(n_samples=160, n_features=8, n_informative=5, n_classes=3)
clf = clone(clf).fit(X3, names[y3])
print("multiclass %.2f" % clf.score(X3, names[y3]), clf.classes_, clf.n_classes_)
assert clf.score(X3, names[y3]) > 0.8

Xm, ym = make_multilabel_classification(n_samples=160, n_features=8, n_classes=4, random_state=0)
clf = clone(clf).fit(Xm, ym)
print("multilabel", clf.predict(Xm[:2]).tolist(), clf.target_type_)
assert clf.predict(Xm).shape == (160, 4)

# callbacks as classes with parameters, a loss and an optimizer as classes, in a grid


def get_model(hidden, meta, compile_kwargs):
    model = Sequential()
    model.add(layers.Input(shape=(meta["n_features_in_"],)))
    model.add(layers.Dense(hidden, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(**compile_kwargs)
    return model


clf = KerasClassifier(
    get_model,
    loss=losses.BinaryCrossentropy,
    loss__label_smoothing=0.1,
    optimizer=optimizers.SGD,
    optimizer__learning_rate=0.1,
    optimizer__nesterov=True,
    optimizer__momentum=0.9,
    metrics=["accuracy"],
    callbacks=EarlyStopping,
    callbacks__patience=3,
    callbacks__monitor="val_loss",
    fit__validation_split=0.2,
    epochs=60,
    hidden=10,
    verbose=0,
)
params = {"hidden": [4, 16], "optimizer__learning_rate": [0.01, 0.1]}
gs = GridSearchCV(clf, params, refit=True, cv=3, scoring="accuracy")
gs.fit(X, y)
best = gs.best_estimator_
print(sorted(gs.best_params_), best.current_epoch, sorted(best.history_))
assert best.current_epoch == len(best.history_["val_loss"]) <= 60
assert gs.best_score_ > 0.7
