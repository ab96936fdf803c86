"""Events of TensorBoard's files, made by the package tensorboard, which has to be there."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event as Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter as Writer
from tensorboard.util.tensor_util import make_tensor_proto

__all__ = ["Event", "Writer", "histogram", "image", "scalar"]


def scalar(tag: str, value: float) -> Any:
    """A number."""
    return scalar_pb(tag, value)


def histogram(tag: str, values: np.ndarray[Any, Any]) -> Any:
    """How values are spread, in 30 buckets. Counted by NumPy: the package's own way would need 30
    times their memory."""
    made = histogram_pb(tag, np.zeros(0))
    if values.size:
        lowest, highest = float(values.min()), float(values.max())
        counts, edges = np.zeros(30), np.full(31, lowest)
        if lowest < highest:
            counts, edges = np.histogram(values.astype(np.float64), 30, (lowest, highest))
        else:
            counts[-1] = values.size
        rows = np.stack([edges[:-1], edges[1:], counts], axis=1)
        made.value[0].tensor.CopyFrom(make_tensor_proto(rows, dtype=np.float64))
    return made


def image(tag: str, values: np.ndarray[Any, Any]) -> Any:
    """A matrix (a, b) as a grey image, wide rather than high: 0 and below is black, 1 and above
    white."""
    from PIL import Image

    if values.shape[0] > values.shape[1]:
        values = values.T
    grey = (np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(file, "PNG")
    height, width = grey.shape
    made = Summary.Image(
        height=height, width=width, colorspace=1, encoded_image_string=file.getvalue()
    )
    return Summary(value=[Summary.Value(tag=tag, image=made)])
