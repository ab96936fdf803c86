"""Series for dense networks: one variable, several, several outputs, and several steps ahead."""

import numpy as np

import corereg as keras
from corereg.layers import Concatenate, Dense, Input
from corereg.models import Model, Sequential


def split_sequence(sequence, n_steps, n_out=1):
    X, y = [], []
    for i in range(len(sequence)):
        end_ix = i + n_steps
        if end_ix + n_out > len(sequence):
            break
        X.append(sequence[i:end_ix])
        y.append(sequence[end_ix : end_ix + n_out])
    return np.array(X), np.array(y)


def fit(model, X, y):
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    model.fit(X, y, epochs=150, verbose=0)
    return model


raw_seq = np.arange(10, 100, 5) / 100
X, y = split_sequence(raw_seq, 3)
model = Sequential()
model.add(Dense(50, activation="relu", input_dim=3))
model.add(Dense(1))
yhat = fit(model, X, y).predict(np.array([[0.7, 0.75, 0.8]]), verbose=0)
print(yhat)
assert abs(yhat[0, 0] - 0.85) < 0.05

in_seq1, in_seq2 = raw_seq, raw_seq + 0.05
dataset = np.stack([in_seq1, in_seq2, in_seq1 + in_seq2], axis=1)
X, y = split_sequence(dataset, 3)
y = y[:, 0]
visible1 = Input(shape=(3,))
dense1 = Dense(30, activation="relu")(visible1)
visible2 = Input(shape=(3,))
dense2 = Dense(30, activation="relu")(visible2)
merge = Concatenate()([dense1, dense2])
outputs = [Dense(1, name=f"output{i}")(merge) for i in range(3)]
model = fit(
    Model([visible1, visible2], outputs), [X[:, :, 0], X[:, :, 1]], [y[:, [i]] for i in range(3)]
)
x_input = [np.array([[0.7, 0.75, 0.8]]), np.array([[0.75, 0.8, 0.85]])]
yhat = [float(one[0, 0]) for one in model.predict(x_input, verbose=0)]
print(yhat)
assert np.allclose(yhat, [0.85, 0.9, 1.75], atol=0.12)

X, y = split_sequence(raw_seq, 3, n_out=2)
model = Sequential([Dense(50, activation="relu", input_dim=3), Dense(2)])
yhat = fit(model, X, y).predict(np.array([[0.7, 0.75, 0.8]]), verbose=0)
print(yhat)
assert np.allclose(yhat, [[0.85, 0.9]], atol=0.06)
