"""Data sets as training sees them.

arrays.py     arrays in memory, handed out in batches
iterables.py  generators and other iterables of batches
checks.py     checks of the user's arrays, before anything is changed
"""
