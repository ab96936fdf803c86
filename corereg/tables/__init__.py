"""What users have as arrays of numbers: frames, series, sparse matrices, masked arrays, buffers.

No library of tables is imported here: an object of pandas can only come from someone who has
imported pandas. `given.py` is the way in, for every function that takes data.
"""
