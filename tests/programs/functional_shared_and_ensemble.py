"""Models called like layers: nested models, an ensemble, and a shared embedding."""

import numpy as np

import corereg as keras
from corereg import layers


def get_model():
    inputs = keras.Input(shape=(16,))
    outputs = layers.Dense(1)(inputs)
    return keras.Model(inputs, outputs)


model1, model2, model3 = get_model(), get_model(), get_model()
inputs = keras.Input(shape=(16,))
outputs = layers.average([model1(inputs), model2(inputs), model3(inputs)])
ensemble = keras.Model(inputs=inputs, outputs=outputs)
data = np.ones((3, 16), "float32")
by_hand = sum(m.predict(data, verbose=0) for m in (model1, model2, model3)) / 3
assert np.allclose(ensemble.predict(data, verbose=0), by_hand, atol=1e-5)

shared_embedding = layers.Embedding(50, 8)
text_input_a = keras.Input(shape=(None,), dtype="int32")
text_input_b = keras.Input(shape=(None,), dtype="int32")
encoded_a = layers.GlobalAveragePooling1D()(shared_embedding(text_input_a))
encoded_b = layers.GlobalAveragePooling1D()(shared_embedding(text_input_b))
similarity = layers.Dot(axes=1, normalize=True)([encoded_a, encoded_b])
siamese = keras.Model([text_input_a, text_input_b], similarity)
words = np.array([[1, 2, 3], [4, 5, 6]])
same = siamese.predict([words, words[:, ::-1].copy()], verbose=0)
print("similarity of the same words", same.ravel(), "weights", len(siamese.weights))
assert np.allclose(same, 1, atol=1e-5)
assert len(siamese.trainable_weights) == 1
