"""Words as vectors: skip-grams with negative samples, two embeddings and their products."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(21)
vocab_size, embedding_dim, num_ns, window_size = 20, 8, 4, 2
sentences = [  # words of a sentence are of the same half of the vocabulary
    rng.integers(1, 10, 8) if i % 2 else rng.integers(10, 20, 8) for i in range(60)
]


def generate_training_data(sequences):
    targets, contexts, labels = [], [], []
    for sequence in sequences:
        for i, target in enumerate(sequence):
            for j in range(max(i - window_size, 0), min(i + window_size + 1, len(sequence))):
                if j != i:
                    negative = rng.integers(1, vocab_size, num_ns)
                    targets.append([target])
                    contexts.append([sequence[j], *negative])
                    labels.append([1] + [0] * num_ns)
    return np.array(targets), np.array(contexts), np.array(labels)


class Word2Vec(keras.Model):
    def __init__(self, vocab_size, embedding_dim):
        super().__init__()
        self.target_embedding = layers.Embedding(vocab_size, embedding_dim, name="w2v_embedding")
        self.context_embedding = layers.Embedding(vocab_size, embedding_dim)

    def call(self, pair):
        target, context = pair
        if len(target.shape) == 2:
            target = ops.squeeze(target, axis=1)
        word_emb = self.target_embedding(target)
        context_emb = self.context_embedding(context)
        return ops.einsum("be,bce->bc", word_emb, context_emb)


targets, contexts, labels = generate_training_data(sentences)
word2vec = Word2Vec(vocab_size, embedding_dim)
word2vec.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = word2vec.fit((targets, contexts), labels, epochs=12, batch_size=64, verbose=0)
weights = word2vec.get_layer("w2v_embedding").get_weights()[0]
print(history.history["accuracy"][-1], weights.shape)
weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
alike = weights @ weights.T
same = (alike[1:10, 1:10].sum() - 9) / 72
other = alike[1:10, 10:].mean()
assert history.history["accuracy"][-1] > history.history["accuracy"][0]
assert same > other + 0.5
