"""Wide and deep with two inputs and an auxiliary output, trained by a dict of losses."""

import numpy as np

import corereg as keras

rng = np.random.default_rng(3)
X = rng.normal(size=(500, 8)).astype("float32")
y = (X[:, 0] * 2 + np.maximum(X[:, 3], 0) + 1).astype("float32")
X_train, X_valid, y_train, y_valid = X[:400], X[400:], y[:400], y[400:]

input_wide = keras.layers.Input(shape=[5], name="wide_input")
input_deep = keras.layers.Input(shape=[6], name="deep_input")
norm_deep = keras.layers.Normalization()
norm_deep.adapt(X_train[:, 2:])
hidden1 = keras.layers.Dense(30, activation="relu")(norm_deep(input_deep))
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([input_wide, hidden2])
output = keras.layers.Dense(1, name="output")(concat)
aux_output = keras.layers.Dense(1, name="aux_output")(hidden2)
model = keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])
model.compile(
    loss={"output": "mse", "aux_output": "mse"},
    loss_weights={"output": 0.9, "aux_output": 0.1},
    optimizer=keras.optimizers.Adam(learning_rate=1e-2),
    metrics={"output": ["RootMeanSquaredError"], "aux_output": ["mae"]},
)
history = model.fit(
    (X_train[:, :5], X_train[:, 2:]),
    (y_train, y_train),
    epochs=25,
    validation_data=((X_valid[:, :5], X_valid[:, 2:]), (y_valid, y_valid)),
    verbose=0,
)
results = model.evaluate((X_valid[:, :5], X_valid[:, 2:]), (y_valid, y_valid), return_dict=True)
print(results)
y_pred_main, y_pred_aux = model.predict((X_valid[:3, :5], X_valid[:3, 2:]))
print(dict(zip(model.output_names, [y_pred_main.ravel(), y_pred_aux.ravel()], strict=True)))
assert results["output_RootMeanSquaredError"] < 1.0
assert "val_aux_output_mae" in history.history
