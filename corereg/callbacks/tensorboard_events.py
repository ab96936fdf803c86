"""Events of TensorBoard's files, made by the package tensorboard."""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np


class Events:
    """What makes events, and the class that writes them. ImportError if tensorboard is missing."""

    def __init__(self) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.graph_pb2 import GraphDef
            from tensorboard.compat.proto.summary_pb2 import Summary
            from tensorboard.plugins.histogram.summary_v2 import histogram_pb
            from tensorboard.plugins.scalar.summary_v2 import scalar_pb
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
            from tensorboard.util.tensor_util import make_tensor_proto
        except ImportError as error:
            raise ImportError(
                "TensorBoard needs the package tensorboard; install it with: "
                'pip install "corereg[tensorboard]"'
            ) from error
        self.event, self.graph, self.writer = Event, GraphDef, EventFileWriter
        self._summary, self._tensor = Summary, make_tensor_proto
        self._histogram, self.scalar = histogram_pb, scalar_pb

    def histogram(self, tag: str, values: np.ndarray[Any, Any]) -> Any:
        """How values are spread, in 30 buckets. Counted by NumPy: the package's own way would need
        30 times their memory."""
        made = self._histogram(tag, np.zeros(0))
        if values.size:
            lowest, highest = float(values.min()), float(values.max())
            counts, edges = np.zeros(30), np.full(31, lowest)
            if lowest < highest:
                counts, edges = np.histogram(values.astype(np.float64), 30, (lowest, highest))
            else:
                counts[-1] = values.size
            rows = np.stack([edges[:-1], edges[1:], counts], axis=1)
            made.value[0].tensor.CopyFrom(self._tensor(rows, dtype=np.float64))
        return made

    def image(self, tag: str, values: np.ndarray[Any, Any]) -> Any:
        """A matrix (a, b) as a grey image, wide rather than high: 0 and below is black, 1 and above
        white."""
        from PIL import Image

        if values.shape[0] > values.shape[1]:
            values = values.T
        grey = (np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(grey)).save(file, "PNG")
        height, width = grey.shape
        made = self._summary.Image(
            height=height, width=width, colorspace=1, encoded_image_string=file.getvalue()
        )
        return self._summary(value=[self._summary.Value(tag=tag, image=made)])


events = functools.cache(Events)
"""The Events of this process."""
