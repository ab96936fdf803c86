"""Serving with threads: one model answers many requests at once.

    python docs/examples/serving.py

A web server of the standard library answers each request in a thread of its own. `predict` may run
in any number of threads, also while another one trains the model; each call sees weights of one
finished step. This program starts the server, asks it from eight threads, and stops it.
"""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

import corereg
from corereg.datasets import load_digits
from corereg.layers import Dense, Input
from corereg.models import Sequential, load_model

x, y = load_digits()
x /= 16
corereg.set_random_seed(0)
model = Sequential([Input((64,)), Dense(64, "relu"), Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x[:1200], y[:1200], epochs=20, verbose=0)
model.save("digits.corereg")

served = load_model("digits.corereg")
served.predict(x[:1], verbose=0)  # the first call records the forward pass


class Answer(BaseHTTPRequestHandler):
    """POST / with {"x": [[64 numbers], ...]} gives {"digits": [...]}."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            found = served.predict(np.asarray(asked["x"], np.float32), verbose=0).argmax(1)
            status, text = 200, json.dumps({"digits": found.tolist()})
        except (KeyError, ValueError) as error:  # what is wrong with the input, in a sentence
            status, text = 400, json.dumps({"error": str(error)})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is printed for a request."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/"


def ask(row: int) -> int:
    body = json.dumps({"x": x[row : row + 1].tolist()}).encode()
    with urlopen(Request(address, body)) as reply:
        return json.loads(reply.read())["digits"][0]


began = time.perf_counter()
with ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(ask, range(1200, 1500)))
seconds = time.perf_counter() - began
print(f"{len(answers)} requests in {seconds:.2f} s, {np.mean(answers == y[1200:1500]):.1%} right")
try:
    urlopen(Request(address, b'{"x": [[1, 2, 3]]}'))
except HTTPError as refused:
    print(f"three numbers: {refused.code}, {json.loads(refused.read())['error']}")
    refused.close()
server.shutdown()
server.server_close()
