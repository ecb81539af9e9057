"""What is asked: the bytes of a request, and the labels of its answer.

`json` and `v2-json` are one image as JSON, `binary` one image as bytes, `binary-64` sixty-four.
Who speaks the Open Inference Protocol is asked in its binary extension, others by bare bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from contract.golden import GoldenSamples

QUESTIONS = ("json", "v2-json", "binary", "binary-64")
ROWS = {"json": 1, "v2-json": 1, "binary": 1, "binary-64": 64}


@dataclass(frozen=True)
class Question:
    """A POST: where, which bytes, and the labels that are right."""

    path: str
    body: bytes
    labels: list[int]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def http(self) -> bytes:
        """The whole request as HTTP/1.1 has it."""
        lines = [f"POST {self.path} HTTP/1.1", "host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"content-length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def right(self, answer: bytes, headers: Mapping[str, str]) -> bool:
        """Whether an answer has the right labels, whichever contender's form it has."""
        start = headers.get("inference-header-content-length", "0")
        form = headers.get("content-type", "")
        return list(answered(answer, form, int(start), len(self.labels))) == self.labels


def question(kind: str, path: str, golden: GoldenSamples) -> Question:
    """One question to a contender that takes it at `path`."""
    rows = ROWS[kind]
    chosen = np.arange(rows) % len(golden.inputs)
    images = golden.inputs["images"][chosen]
    labels = golden.outputs["label"][chosen].tolist()
    if kind == "json":
        body = json.dumps({"instances": images.tolist()}, separators=(",", ":")).encode()
        return Question(path, body, labels, {"content-type": "application/json"})
    if kind == "v2-json":
        tensor = {**_tensor(images), "data": images.ravel().tolist()}
        body = json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()
        return Question(path, body, labels, {"content-type": "application/json"})
    headers = {"content-type": "application/octet-stream"}
    if not path.startswith("/v2/"):
        return Question(path, images.tobytes(), labels, headers)
    tensor = {**_tensor(images), "parameters": {"binary_data_size": images.nbytes}}
    # What Triton's client sends when it is asked for binary outputs.
    request = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    text = json.dumps(request, separators=(",", ":")).encode()
    headers["inference-header-content-length"] = str(len(text))
    return Question(path, text + images.tobytes(), labels, headers)


def _tensor(images: NDArray[np.uint8]) -> dict[str, object]:
    return {"name": "images", "datatype": "UINT8", "shape": list(images.shape)}


@lru_cache(maxsize=1024)
def answered(answer: bytes, content_type: str, start: int, rows: int) -> tuple[int, ...]:
    """The labels of an answer, whose binary tensors begin at `start`. Few answers differ."""
    if "json" not in content_type:
        return tuple(np.frombuffer(answer, "<i8", rows, start).tolist())
    document = json.loads(answer)
    if isinstance(document, list):
        return tuple(max(range(10), key=row.__getitem__) for row in document)
    if "outputs" in document:
        (label,) = (one for one in document["outputs"] if one["name"] == "label")
        return tuple(label["data"])
    return tuple(int(prediction["label"]) for prediction in document["predictions"])
