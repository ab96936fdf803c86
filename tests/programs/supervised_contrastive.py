"""An encoder is trained so that images of one class lie together, then a classifier on it."""

import corereg as keras
from corereg import layers, ops
from corereg.datasets import load_digits

x, y = load_digits()
x_train, y_train, x_test, y_test = x[:600] / 16, y[:600], x[600:900] / 16, y[600:900]


class SupervisedContrastiveLoss(keras.losses.Loss):
    def __init__(self, temperature=1, name=None):
        super().__init__(name=name)
        self.temperature = temperature

    def call(self, labels, feature_vectors):
        vectors = ops.normalize(feature_vectors, axis=1)
        logits = ops.matmul(vectors, ops.transpose(vectors)) / self.temperature
        labels = ops.reshape(labels, (-1, 1))
        same = ops.cast(ops.equal(labels, ops.transpose(labels)), "float32")
        same = same / ops.sum(same, axis=1, keepdims=True)
        return -ops.sum(same * ops.log_softmax(logits, axis=1), axis=1)


def create_encoder():
    inputs = keras.Input(shape=(64,))
    features = layers.Dense(64, activation="relu")(inputs)
    outputs = layers.Dense(32, activation="relu")(features)
    return keras.Model(inputs=inputs, outputs=outputs, name="digits-encoder")


def add_projection_head(encoder):
    inputs = keras.Input(shape=(64,))
    outputs = layers.Dense(16, activation="relu")(encoder(inputs))
    return keras.Model(inputs, outputs, name="digits-encoder_with_projection-head")


def create_classifier(encoder, trainable=True):
    for layer in encoder.layers:
        layer.trainable = trainable
    inputs = keras.Input(shape=(64,))
    features = layers.Dropout(0.2)(encoder(inputs))
    outputs = layers.Dense(10, activation="softmax")(features)
    model = keras.Model(inputs=inputs, outputs=outputs, name="digits-classifier")
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


encoder = create_encoder()
encoder_with_projection_head = add_projection_head(encoder)
encoder_with_projection_head.compile(
    optimizer=keras.optimizers.Adam(0.003), loss=SupervisedContrastiveLoss(0.2)
)
history = encoder_with_projection_head.fit(
    x=x_train, y=y_train, batch_size=100, epochs=15, verbose=0
)
classifier = create_classifier(encoder, trainable=False)
kept = encoder.get_weights()[0].copy()
classifier.fit(x=x_train, y=y_train, batch_size=50, epochs=10, verbose=0)
accuracy = classifier.evaluate(x_test, y_test, verbose=0)[1]
print(f"Test accuracy: {round(accuracy * 100, 2)}%")
assert history.history["loss"][-1] < history.history["loss"][0]
assert (encoder.get_weights()[0] == kept).all()
assert len(classifier.trainable_weights) == 2
assert accuracy > 0.85
