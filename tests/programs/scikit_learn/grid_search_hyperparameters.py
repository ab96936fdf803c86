"""The grids of the well-known tutorial, one after the other: batch size and epochs, optimizer,
learning rate and momentum, initial weights, activation, dropout and constraint, neurons."""

import numpy as np
from sklearn.model_selection import GridSearchCV

from corereg.constraints import MaxNorm
from corereg.layers import Dense, Dropout
from corereg.models import Sequential
from corereg.sklearn import KerasClassifier

# fix random seed for reproducibility
np.random.seed(7)
dataset = np.random.normal(size=(120, 9))
dataset[:, 8] = dataset[:, 1] + 0.5 * dataset[:, 5] > 0
# split into input (X) and output (Y) variables
X = dataset[:, 0:8]
Y = dataset[:, 8]


def search(model, param_grid):
    grid = GridSearchCV(estimator=model, param_grid=param_grid, cv=2)
    grid_result = grid.fit(X, Y)
    print("Best: %f using %s" % (grid_result.best_score_, grid_result.best_params_))
    assert 0.4 < grid_result.best_score_ <= 1
    return grid_result


# ---- batch size and epochs: the function compiles
def create_model():
    model = Sequential()
    model.add(Dense(12, input_shape=(8,), activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = KerasClassifier(model=create_model, verbose=0)
result = search(model, dict(batch_size=[10, 40], epochs=[1, 40]))
assert result.best_params_["epochs"] == 40


# ---- optimizer: the function leaves it to the estimator to compile
def create_model():
    # create model
    model = Sequential()
    model.add(Dense(12, input_shape=(8,), activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    # return model without compile
    return model


model = KerasClassifier(
    model=create_model, loss="binary_crossentropy", epochs=8, batch_size=10, verbose=0
)
optimizer = ["SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam"]
result = search(model, dict(optimizer=optimizer))
assert result.best_params_["optimizer"] not in ("Adadelta", "Adagrad")

# ---- learning rate and momentum
model = KerasClassifier(
    model=create_model,
    loss="binary_crossentropy",
    optimizer="SGD",
    epochs=8,
    batch_size=10,
    verbose=0,
)
result = search(model, dict(optimizer__learning_rate=[0.001, 0.1], optimizer__momentum=[0.0, 0.9]))
assert result.best_params_["optimizer__learning_rate"] == 0.1


# ---- initial weights
def create_model(init_mode="uniform"):
    model = Sequential()
    model.add(Dense(12, input_shape=(8,), kernel_initializer=init_mode, activation="relu"))
    model.add(Dense(1, kernel_initializer=init_mode, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = KerasClassifier(model=create_model, epochs=10, batch_size=10, verbose=0)
init_mode = ["uniform", "lecun_uniform", "zero", "he_normal"]
result = search(model, dict(model__init_mode=init_mode))
assert result.best_params_["model__init_mode"] != "zero"


# ---- activation
def create_model(activation="relu"):
    model = Sequential()
    model.add(Dense(12, input_shape=(8,), kernel_initializer="uniform", activation=activation))
    model.add(Dense(1, kernel_initializer="uniform", activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = KerasClassifier(model=create_model, epochs=8, batch_size=10, verbose=0)
activation = ["softmax", "softplus", "relu", "tanh", "sigmoid"]
search(model, dict(model__activation=activation))


# ---- dropout and a constraint
def create_model(dropout_rate, weight_constraint):
    model = Sequential()
    model.add(
        Dense(
            12,
            input_shape=(8,),
            kernel_initializer="uniform",
            activation="linear",
            kernel_constraint=MaxNorm(weight_constraint),
        )
    )
    model.add(Dropout(dropout_rate))
    model.add(Dense(1, kernel_initializer="uniform", activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = KerasClassifier(model=create_model, epochs=8, batch_size=10, verbose=0)
grid = dict(model__dropout_rate=[0.0, 0.5], model__weight_constraint=[1.0, 3.0])
search(model, grid)


# ---- neurons
def create_model(neurons):
    model = Sequential()
    model.add(Dense(neurons, input_shape=(8,), kernel_initializer="uniform", activation="linear"))
    model.add(Dropout(0.2))
    model.add(Dense(1, kernel_initializer="uniform", activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = KerasClassifier(model=create_model, epochs=8, batch_size=10, verbose=0)
result = search(model, dict(model__neurons=[1, 5, 15]))
assert result.best_params_["model__neurons"] > 1
