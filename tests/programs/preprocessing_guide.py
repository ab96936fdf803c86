"""Preprocessing layers by themselves: each adapts or is told its words, and is called on arrays."""

import numpy as np

import corereg as keras
from corereg import layers

data = np.array([[0.1, 0.2, 0.3], [0.8, 0.9, 1.0], [1.5, 1.6, 1.7]])
layer = layers.Normalization()
layer.adapt(data)
normalized_data = layer(data)
print("Features mean: %.2f" % (np.mean(normalized_data)))
print("Features std: %.2f" % (np.std(normalized_data)))
assert abs(np.mean(normalized_data)) < 1e-6

vocab = ["a", "b", "c", "d"]
lookup = layers.StringLookup(vocabulary=vocab)
ids = lookup(np.array([["a", "c", "d"], ["d", "z", "b"]]))
assert np.array(ids).tolist() == [[1, 3, 4], [4, 0, 2]]
back = layers.StringLookup(vocabulary=vocab, invert=True)
assert np.array(back(np.array([1, 4]))).tolist() == ["a", "d"]

lookup = layers.StringLookup(output_mode="one_hot")
lookup.adapt(np.array([["a"], ["b"], ["c"], ["b"], ["c"], ["a"]]))
encoded = lookup(np.array([["a"], ["b"], ["z"]]))
assert np.array(encoded).sum(axis=1).tolist() == [1, 1, 1]

numbers = layers.IntegerLookup(output_mode="multi_hot")
numbers.adapt(np.array([10, 20, 20, 10, 30, 0]))
print(numbers.get_vocabulary())
assert numbers.vocabulary_size() == 5

buckets = layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])
assert np.array(buckets(np.array([[-1.5, 1.0, 3.4, 0.5]]))).tolist() == [[0, 2, 3, 1]]
encode = layers.CategoryEncoding(num_tokens=4, output_mode="one_hot")
assert np.array(encode(np.array([3, 2, 0, 1]))).argmax(axis=1).tolist() == [3, 2, 0, 1]

inputs = keras.Input(shape=(3,))
outputs = layers.Dense(2, activation="softmax")(
    layers.Normalization(mean=0.8, variance=0.4)(inputs)
)
model = keras.Model(inputs, outputs)
assert model.predict(data, verbose=0).shape == (3, 2)
