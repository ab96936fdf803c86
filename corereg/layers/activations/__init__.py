"""Layers that are activations with arguments or weights of their own; `Activation` itself is in
corereg/layers/activation.py."""
