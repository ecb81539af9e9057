"""The requests of the benchmark: their bytes, and the check of their responses.

The kinds `json` and `v2-json` are one image as JSON, `binary` is one image as bytes, `binary-64` is
64 images as bytes. Bytes are sent by the binary extension of the Open Inference Protocol to servers
that support it, and as bare pixels to others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from contract.golden import GoldenSamples

KINDS = ("json", "v2-json", "binary", "binary-64")
ROWS = {"json": 1, "v2-json": 1, "binary": 1, "binary-64": 64}


@dataclass(frozen=True)
class Request:
    """A POST request and the labels that its response must have."""

    path: str
    body: bytes
    labels: list[int]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def http(self) -> bytes:
        """The bytes of the request in HTTP/1.1."""
        lines = [f"POST {self.path} HTTP/1.1", "host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"content-length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def check(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """True if a response, in the form of any contender, has the expected labels."""
        start = headers.get("inference-header-content-length", "0")
        form = headers.get("content-type", "")
        return list(response_labels(body, form, int(start), len(self.labels))) == self.labels


def request_of(kind: str, path: str, golden: GoldenSamples) -> Request:
    """The request of a kind to `path`, with golden samples as images."""
    rows = ROWS[kind]
    chosen = np.arange(rows) % len(golden.inputs)
    images = golden.inputs["images"][chosen]
    labels = golden.outputs["label"][chosen].tolist()
    if kind == "json":
        body = json.dumps({"instances": images.tolist()}, separators=(",", ":")).encode()
        return Request(path, body, labels, {"content-type": "application/json"})
    if kind == "v2-json":
        tensor = {**_tensor(images), "data": images.ravel().tolist()}
        body = json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()
        return Request(path, body, labels, {"content-type": "application/json"})
    headers = {"content-type": "application/octet-stream"}
    if not path.startswith("/v2/"):
        return Request(path, images.tobytes(), labels, headers)
    tensor = {**_tensor(images), "parameters": {"binary_data_size": images.nbytes}}
    # Triton's client sends this for binary outputs.
    document = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    text = json.dumps(document, separators=(",", ":")).encode()
    headers["inference-header-content-length"] = str(len(text))
    return Request(path, text + images.tobytes(), labels, headers)


def _tensor(images: NDArray[np.uint8]) -> dict[str, object]:
    return {"name": "images", "datatype": "UINT8", "shape": list(images.shape)}


@lru_cache(maxsize=1024)
def response_labels(body: bytes, content_type: str, start: int, rows: int) -> tuple[int, ...]:
    """The labels of a response; cached, since few responses differ.

    Args:
        start: offset of the binary tensors.
        rows: number of labels.
    """
    if "json" not in content_type:
        return tuple(np.frombuffer(body, "<i8", rows, start).tolist())
    document = json.loads(body)
    if isinstance(document, list):
        return tuple(max(range(10), key=row.__getitem__) for row in document)
    if "outputs" in document:
        (label,) = (one for one in document["outputs"] if one["name"] == "label")
        return tuple(label["data"])
    return tuple(int(prediction["label"]) for prediction in document["predictions"])
