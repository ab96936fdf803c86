"""Images of clothes, the first tutorial of TensorFlow: logits, and a softmax put behind them."""

import numpy as np

import corereg as keras

class_names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
rng = np.random.default_rng(2)
prototypes = rng.integers(0, 200, size=(5, 28, 28))


def images_of(labels):
    noise = rng.integers(0, 56, size=(len(labels), 28, 28))
    return (prototypes[labels] + noise).astype("uint8")


train_labels, test_labels = rng.integers(0, 5, 400), rng.integers(0, 5, 100)
train_images, test_images = images_of(train_labels) / 255.0, images_of(test_labels) / 255.0

model = keras.Sequential(
    [
        keras.layers.Flatten(input_shape=(28, 28)),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(5),
    ]
)
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train_images, train_labels, epochs=3, verbose=0)
test_loss, test_acc = model.evaluate(test_images, test_labels, verbose=2)
probability_model = keras.Sequential([model, keras.layers.Softmax()])
predictions = probability_model.predict(test_images, verbose=0)
print(class_names[np.argmax(predictions[0])], class_names[test_labels[0]])
img = np.expand_dims(test_images[1], 0)
predictions_single = probability_model.predict(img, verbose=0)
assert predictions_single.shape == (1, 5)
assert abs(predictions_single.sum() - 1) < 1e-5
assert test_acc > 0.95
