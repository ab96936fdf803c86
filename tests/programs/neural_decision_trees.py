"""A tree whose branches are sigmoids and whose leaves are probabilities, and a forest of such
trees."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(31)
x = rng.normal(size=(400, 6)).astype("float32")
y = ((x[:, 0] > 0).astype(int) + 2 * (x[:, 1] > 0)) % 3


class NeuralDecisionTree(keras.Model):
    def __init__(self, depth, num_features, used_features_rate, num_classes):
        super().__init__()
        self.depth = depth
        self.num_leaves = 2**depth
        self.num_classes = num_classes
        num_used_features = int(num_features * used_features_rate)
        one_hot = np.eye(num_features)
        sampled = rng.choice(np.arange(num_features), num_used_features, replace=False)
        self.used_features_mask = ops.convert_to_tensor(one_hot[sampled], dtype="float32")
        self.pi = self.add_weight(
            initializer="random_normal",
            shape=[self.num_leaves, self.num_classes],
            dtype="float32",
            trainable=True,
        )
        self.decision_fn = layers.Dense(
            units=self.num_leaves, activation="sigmoid", name="decision"
        )

    def call(self, features):
        batch_size = ops.shape(features)[0]
        features = ops.matmul(features, ops.transpose(self.used_features_mask))
        decisions = ops.expand_dims(self.decision_fn(features), axis=2)
        decisions = layers.concatenate([decisions, 1 - decisions], axis=2)
        mu = ops.ones([batch_size, 1, 1])
        begin_idx, end_idx = 1, 2
        for level in range(self.depth):
            mu = ops.reshape(mu, [batch_size, -1, 1])
            mu = ops.tile(mu, (1, 1, 2))
            level_decisions = decisions[:, begin_idx:end_idx, :]
            mu = mu * level_decisions
            begin_idx = end_idx
            end_idx = begin_idx + 2 ** (level + 1)
        mu = ops.reshape(mu, [batch_size, self.num_leaves])
        probabilities = keras.activations.softmax(self.pi)
        return ops.matmul(mu, probabilities)


class NeuralDecisionForest(keras.Model):
    def __init__(self, num_trees, depth, num_features, used_features_rate, num_classes):
        super().__init__()
        self.ensemble = [
            NeuralDecisionTree(depth, num_features, used_features_rate, num_classes)
            for _ in range(num_trees)
        ]
        self.num_classes = num_classes

    def call(self, inputs):
        outputs = 0.0
        for tree in self.ensemble:
            outputs = outputs + tree(inputs)
        return outputs / len(self.ensemble)


def run_experiment(model):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.05),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    model.fit(x[:300], y[:300], epochs=15, batch_size=50, verbose=0)
    return model.evaluate(x[300:], y[300:], verbose=0)[1]


inputs = layers.Input((6,))
features = layers.BatchNormalization()(inputs)
tree = NeuralDecisionTree(4, 6, 1.0, 3)
one = run_experiment(keras.Model(inputs=inputs, outputs=tree(features)))
many = run_experiment(NeuralDecisionForest(6, 3, 6, 0.7, 3))
print(f"tree {one:.2f}, forest {many:.2f}")
assert one > 0.8
assert many > 0.6
