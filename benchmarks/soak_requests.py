"""The mix of the soak: every model and route, each answer compared with what it must be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.connection import Ask, Check
from benchmarks.soak_slow import recommend, seen
from contract.repository import Artifact, audit, entries

# Slow requests are rare: an explanation takes as long as hundreds of predictions.
SLOW_EVERY = 250
_JSON = {"content-type": "application/json"}


def mix(models: Path) -> list[Ask]:
    """Requests to send in turn; one in `SLOW_EVERY` is slow."""
    artifacts = [audit(entry) for entry in entries(models)]
    usual = [ask for artifact in artifacts for ask in _of_model(artifact)]
    usual += [_compare(artifacts, row) for row in range(4)]
    slow = [_explain(artifact) for artifact in artifacts]
    slow += [*_layers(artifacts), *_recommend(artifacts), *_watch()]
    asks: list[Ask] = []
    for rare in slow:
        asks += (usual * (SLOW_EVERY // len(usual) + 1))[: SLOW_EVERY - 1]
        asks.append(rare)
    return asks


def _of_model(artifact: Artifact) -> Iterator[Ask]:
    """Predictions as JSON, and both forms of the protocol, of several golden samples."""
    name = artifact.manifest.name
    for row in range(4):
        images, expected = _golden(artifact, slice(row, row + 1))
        yield _ask(
            "/predict", {"model": name, "instances": images.tolist()}, _predictions(expected)
        )
        tensor = {"name": "images", "datatype": "UINT8", "shape": list(images.shape)}
        yield _ask(
            f"/v2/models/{name}/infer",
            {"inputs": [{**tensor, "data": images.ravel().tolist()}]},
            _tensors(expected),
        )
        yield _binary(name, *_golden(artifact, slice(row, row + 4)))


def _golden(artifact: Artifact, rows: slice) -> tuple[NDArray[Any], _Expected]:
    golden = artifact.golden
    expected = _Expected(
        golden.outputs["label"][rows],
        golden.outputs["probabilities"][rows],
        artifact.manifest.golden.tolerance,
    )
    return golden.inputs["images"][rows], expected


class _Expected:
    """The golden labels and probabilities of some rows."""

    def __init__(self, label: NDArray[Any], probabilities: NDArray[Any], tolerance: float) -> None:
        self.label, self.probabilities, self._tolerance = label, probabilities, tolerance

    def equals(self, label: Any, probabilities: Any) -> bool:
        """True if an answer has these labels, and these probabilities within the tolerance."""
        found = np.asarray(probabilities, np.float64).reshape(self.probabilities.shape)
        return bool(
            np.array_equal(np.asarray(label, np.int64), self.label)
            and np.abs(found - self.probabilities).max() <= self._tolerance
        )


def _ask(path: str, document: Any, check: Callable[[bytes], bool]) -> Ask:
    body = json.dumps(document, separators=(",", ":")).encode()
    return Ask(_http(path, body, _JSON), _cached(check))


def _http(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def _get(path: str, check: Callable[[bytes], bool]) -> Ask:
    request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
    return Ask(request, lambda body, headers: check(body))


def _cached(check: Callable[[bytes], bool]) -> Check:
    """Most answers to a request are the same bytes; a batch of another size changes last digits."""
    remembered = lru_cache(maxsize=64)(check)
    return lambda body, headers: remembered(body)


def _predictions(expected: _Expected) -> Callable[[bytes], bool]:
    def check(body: bytes) -> bool:
        found = json.loads(body)["predictions"]
        return _rows_equal(found, expected)

    return check


def _rows_equal(found: list[dict[str, Any]], expected: _Expected) -> bool:
    return expected.equals(
        [int(row["label"]) for row in found], [row["probabilities"] for row in found]
    )


def _tensors(expected: _Expected) -> Callable[[bytes], bool]:
    def check(body: bytes) -> bool:
        data = {one["name"]: one["data"] for one in json.loads(body)["outputs"]}
        return expected.equals(data["label"], data["probabilities"])

    return check


def _binary(name: str, images: NDArray[Any], expected: _Expected) -> Ask:
    tensor = {
        "name": "images", "datatype": "UINT8", "shape": list(images.shape),
        "parameters": {"binary_data_size": images.nbytes},
    }  # fmt: skip
    document = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    text = json.dumps(document, separators=(",", ":")).encode()
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(text)),
    }
    rows = len(images)

    @lru_cache(maxsize=64)
    def equal(body: bytes, start: int) -> bool:
        label = np.frombuffer(body, "<i8", rows, start)
        probabilities = np.frombuffer(body, "<f4", 10 * rows, start + label.nbytes)
        return expected.equals(label, probabilities)

    def check(body: bytes, answered: Mapping[str, str]) -> bool:
        return equal(body, int(answered["inference-header-content-length"]))

    return Ask(_http(f"/v2/models/{name}/infer", text + images.tobytes(), headers), check)


def _compare(artifacts: list[Artifact], row: int) -> Ask:
    images, _ = _golden(artifacts[0], slice(row, row + 1))
    expected = {}
    for artifact in artifacts:
        own, answer = _golden(artifact, slice(row, row + 1))
        if np.array_equal(own, images):  # models need not have the same golden samples
            expected[artifact.manifest.name] = answer

    def check(body: bytes) -> bool:
        found = {one["model"]: one["predictions"] for one in json.loads(body)["models"]}
        return len(found) == len(artifacts) and all(
            _rows_equal(found[name], answer) for name, answer in expected.items()
        )

    return _ask("/compare", {"instances": images.tolist()}, check)


def _explain(artifact: Artifact) -> Ask:
    images, expected = _golden(artifact, slice(0, 1))

    def check(body: bytes) -> bool:
        (found,) = json.loads(body)["explanations"]
        return int(found["target"]) == int(expected.label[0])

    document = {"model": artifact.manifest.name, "instances": images.tolist()}
    return _ask("/explain", document, check)


def _layers(artifacts: list[Artifact]) -> Iterator[Ask]:
    """The maps of the networks, from the last of which the model's label follows."""
    for artifact in artifacts:
        label = seen(artifact)
        if label is not None:
            images, expected = _golden(artifact, slice(0, 1))
            target, name = int(expected.label[0]), artifact.manifest.name
            document = {"model": name, "instances": images.tolist(), "form": "values"}
            yield _ask("/layers", document, _equal(label, target))


def _recommend(artifacts: list[Artifact]) -> Iterator[Ask]:
    for facts, expected in recommend([artifact.manifest for artifact in artifacts]):
        yield _ask("/recommend", facts, _equal(json.loads, expected))


def _equal(read: Callable[[bytes], Any], expected: Any) -> Callable[[bytes], bool]:
    """True of a body from which `read` makes what is expected."""
    return lambda body: bool(read(body) == expected)


def _watch() -> Iterator[Ask]:
    """What a cluster reads all the time."""
    yield _get("/metrics", lambda body: b"rosenblatt_predictions_total{" in body)
    yield _get("/readyz", lambda body: json.loads(body)["state"] == "ready")
    yield _get("/models", lambda body: len(json.loads(body)["models"]) > 0)
