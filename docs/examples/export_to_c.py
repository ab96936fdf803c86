"""Export to C: a network for the digits as one C file, with a program that calls it.

    python docs/examples/export_to_c.py

Writes digits.c and digits.h. `export_to_c.c` beside this script is the program; with a compiler:

    cc -O2 -I . docs/examples/export_to_c.c digits.c -o digits -lm && ./digits
"""

import os
import shutil
import subprocess

import numpy as np

import corereg
from corereg import pruning
from corereg.datasets import load_digits
from corereg.export import verify
from corereg.layers import Dense, Input
from corereg.models import Sequential

x, y = load_digits()
x /= 16
train, test = slice(1200), slice(1200, None)

corereg.set_random_seed(0)
model = Sequential([Input((64,), name="pixels"), Dense(32, "relu"), Dense(10, "softmax", name="p")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[train], y[train], epochs=30, verbose=0)
print(f"{model.evaluate(x[test], y[test], verbose=0)[1]:.1%} right")

model.export("digits.c")
print(f"digits.c: {os.path.getsize('digits.c'):,} bytes of text")

pruning.magnitude_prune(model, 0.9)  # nine of ten weights become zero: the file lists the others
model.fit(x[train], y[train], epochs=30, verbose=0)
print(f"{model.evaluate(x[test], y[test], verbose=0)[1]:.1%} right with a tenth of the weights")
model.export("digits.c", sparse_below=0.2)
print(f"digits.c: {os.path.getsize('digits.c'):,} bytes of text")

compiler = os.environ.get("CC") or shutil.which("cc")
if compiler:
    print(verify(model, "digits.c", x[test]))
    main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "export_to_c.c")
    command = [compiler, "-O2", "-I", ".", main, "digits.c", "-o", "digits", "-lm"]
    subprocess.run(command, check=True)
    image = " ".join(str(number) for number in np.round(x[1200], 4))
    done = subprocess.run(["./digits"], input=image, capture_output=True, text=True, check=True)
    print(done.stdout, end="")
