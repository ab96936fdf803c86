"""Fraud in few rows: an initial bias, class weights, and metrics of a confusion matrix."""

import numpy as np

import corereg as keras

rng = np.random.default_rng(12)
features = rng.normal(size=(3000, 10)).astype("float32")
targets = (features[:, 0] + features[:, 1] > 2.8).astype("uint8").reshape(-1, 1)
counts = np.bincount(targets[:, 0])
print(f"positive: {counts[1]} of {len(targets)} ({100 * counts[1] / len(targets):.2f}%)")
train_features, val_features = features[:2400], features[2400:]
train_targets, val_targets = targets[:2400], targets[2400:]
weight_for_0 = 1.0 / counts[0]
weight_for_1 = 1.0 / counts[1]

metrics = [
    keras.metrics.FalseNegatives(name="fn"),
    keras.metrics.FalsePositives(name="fp"),
    keras.metrics.TrueNegatives(name="tn"),
    keras.metrics.TruePositives(name="tp"),
    keras.metrics.Precision(name="precision"),
    keras.metrics.Recall(name="recall"),
    keras.metrics.AUC(name="auc"),
    keras.metrics.AUC(name="prc", curve="PR"),
]
output_bias = keras.initializers.Constant(np.log(counts[1] / counts[0]))
model = keras.Sequential(
    [
        keras.Input(shape=train_features.shape[1:]),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(1, activation="sigmoid", bias_initializer=output_bias),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=metrics)
history = model.fit(
    train_features,
    train_targets,
    batch_size=256,
    epochs=12,
    verbose=0,
    validation_data=(val_features, val_targets),
    class_weight={0: weight_for_0 * 1500, 1: weight_for_1 * 1500},
)
last = {name: round(values[-1], 3) for name, values in history.history.items()}
print(last)
assert last["val_fn"] + last["val_fp"] + last["val_tn"] + last["val_tp"] == 600
assert last["val_recall"] > 0.8
assert last["val_auc"] > 0.95
