"""The wrappers of Keras itself: the function sees the data, as X and y."""

from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from corereg.layers import Dense, Input
from corereg.models import Model
from corereg.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer


def dynamic_model(X, y, loss, layers=[10], activation=None):  # noqa: B006
    # Creates a basic MLP model dynamically choosing the input and
    # output shapes.
    n_features_in = X.shape[1]
    inp = Input(shape=(n_features_in,))

    hidden = inp
    for layer_size in layers:
        hidden = Dense(layer_size, activation="relu")(hidden)

    n_outputs = y.shape[1] if len(y.shape) > 1 else 1
    out = Dense(n_outputs, activation=activation)(hidden)
    model = Model(inp, out)
    model.compile(loss=loss, optimizer="rmsprop")

    return model


X, y = make_classification(n_samples=300, n_features=10, random_state=0)
est = SKLearnClassifier(
    model=dynamic_model,
    model_kwargs={
        "loss": "categorical_crossentropy",
        "activation": "softmax",
        "layers": [20, 20, 20],
    },
    fit_kwargs={"verbose": 0},
)
est.fit(X, y, epochs=15)
print("classifier %.2f" % est.score(X, y), est.classes_, est.decision_function(X[:3]).shape)
assert est.score(X, y) > 0.8

kwargs = [
    {"loss": "categorical_crossentropy", "activation": "softmax", "layers": sizes}
    for sizes in ([2], [20])
]
grid = {"model_kwargs": kwargs, "fit_kwargs": [{"epochs": 8, "verbose": 0}]}
search = GridSearchCV(est, grid, cv=3).fit(X, y)
print(search.best_params_["model_kwargs"]["layers"], "%.2f" % search.best_score_)
assert search.best_score_ > 0.6

X2, y2 = make_regression(n_samples=200, n_features=5, random_state=0)
y2 = (y2 - y2.mean()) / y2.std()
reg = SKLearnRegressor(
    model=dynamic_model, model_kwargs={"loss": "mse"}, fit_kwargs={"epochs": 40, "verbose": 0}
)
scores = cross_val_score(reg, X2, y2, cv=3)
print("regressor %.2f" % scores.mean())
assert scores.mean() > 0.2

trs = SKLearnTransformer(
    model=dynamic_model, model_kwargs={"loss": "mse"}, fit_kwargs={"epochs": 8, "verbose": 0}
)
pipe = make_pipeline(trs, LogisticRegression()).fit(X, y)
print("on embeddings %.2f" % pipe.score(X, y))
assert pipe.score(X, y) > 0.6
