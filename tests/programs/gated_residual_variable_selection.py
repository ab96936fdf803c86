"""A table through gated residual networks that choose its columns, as in Keras's code examples."""

import numpy as np

import corereg as keras
from corereg import layers, ops

NUMERIC, encoding_size, dropout_rate = ["age", "wage", "hours", "noise"], 8, 0.1
CATEGORICAL = {"education": 4, "sex": 2}
rng = np.random.default_rng(19)
table = {name: rng.normal(size=(500, 1)).astype("float32") for name in NUMERIC}
table |= {name: rng.integers(0, size, size=(500, 1)) for name, size in CATEGORICAL.items()}
target = (table["age"] + (table["education"] > 1) * 2 > 1).astype("float32")


class GatedLinearUnit(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.linear = layers.Dense(units)
        self.sigmoid = layers.Dense(units, activation="sigmoid")

    def call(self, inputs):
        return self.linear(inputs) * self.sigmoid(inputs)


class GatedResidualNetwork(layers.Layer):
    def __init__(self, units, dropout_rate):
        super().__init__()
        self.units = units
        self.elu_dense = layers.Dense(units, activation="elu")
        self.linear_dense = layers.Dense(units)
        self.dropout = layers.Dropout(dropout_rate)
        self.gated_linear_unit = GatedLinearUnit(units)
        self.layer_norm = layers.LayerNormalization()
        self.project = layers.Dense(units)

    def call(self, inputs):
        x = self.elu_dense(inputs)
        x = self.linear_dense(x)
        x = self.dropout(x)
        if inputs.shape[-1] != self.units:
            inputs = self.project(inputs)
        x = inputs + self.gated_linear_unit(x)
        return self.layer_norm(x)


class VariableSelection(layers.Layer):
    def __init__(self, num_features, units, dropout_rate):
        super().__init__()
        self.grns = [GatedResidualNetwork(units, dropout_rate) for _ in range(num_features)]
        self.grn_concat = GatedResidualNetwork(units, dropout_rate)
        self.softmax = layers.Dense(units=num_features, activation="softmax")

    def call(self, inputs):
        v = layers.concatenate(inputs)
        v = self.grn_concat(v)
        v = ops.expand_dims(self.softmax(v), axis=-1)
        x = ops.stack([grn(one) for grn, one in zip(self.grns, inputs, strict=True)], axis=1)
        return ops.squeeze(ops.matmul(ops.transpose(v, axes=[0, 2, 1]), x), axis=1)


def create_model_inputs():
    inputs = {name: layers.Input(name=name, shape=(1,)) for name in NUMERIC}
    return inputs | {
        name: layers.Input(name=name, shape=(1,), dtype="int32") for name in CATEGORICAL
    }


def encode_inputs(inputs):
    encoded = []
    for name, value in inputs.items():
        if name in CATEGORICAL:
            embedding = layers.Embedding(CATEGORICAL[name], encoding_size)
            encoded.append(layers.Reshape((encoding_size,))(embedding(value)))
        else:
            encoded.append(layers.Dense(encoding_size)(value))
    return encoded


inputs = create_model_inputs()
feature_list = encode_inputs(inputs)
features = VariableSelection(len(feature_list), encoding_size, dropout_rate)(feature_list)
outputs = layers.Dense(units=1, activation="sigmoid")(features)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    loss=keras.losses.BinaryCrossentropy(),
    metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
)
early_stopping = keras.callbacks.EarlyStopping(
    monitor="val_loss", patience=5, restore_best_weights=True
)
history = model.fit(
    table,
    target,
    epochs=12,
    batch_size=64,
    validation_split=0.2,
    callbacks=[early_stopping],
    verbose=0,
)
print(f"Validation accuracy: {max(history.history['val_accuracy']) * 100:.2f}%")
assert max(history.history["val_accuracy"]) > 0.85
