"""Data sets as training sees them.

arrays.py        arrays in memory, handed out in batches
iterables.py     generators and other iterables of batches
checks.py        checks of the user's arrays, one by one, before anything is changed
model_data.py    checks of all that a model is given: inputs, targets, weights of rows
model_shapes.py  what is known of a model's inputs and outputs before data come
structures.py    one, a list or a dict of arrays, in the order of inputs and outputs
"""
