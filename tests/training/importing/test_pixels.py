"""UINT8 pixels in front of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.batch import Batch
from tests.training.importing.models import answers, changes, imported, made, node
from training.answers import run_graph
from training.errors import ImportModelError
from training.importing.pixels import Pixels

ABC = ("a", "b", "c")
PIXELS = np.random.default_rng(1).integers(0, 256, (6, 3, 8, 9), np.uint8)


def network(batch: int | str = "n", height: int | str = 8, layout: str = "CHW") -> bytes:
    """A mean over the pixels of an image, times a matrix."""
    shape = [batch, 3, height, 9] if layout == "CHW" else [batch, height, 9, 3]
    axes = np.array([2, 3] if layout == "CHW" else [1, 2])
    return made(
        [node("ReduceMean", ["images", "axes"], "m", keepdims=0), node("MatMul", ["m", "w"], "y")],
        {"images": ("FP32", shape)},
        {"y": ("FP32", [batch, 3])},
        axes=axes,
        w=np.eye(3, dtype=np.float32) * 5,
    )


@pytest.mark.parametrize("layout", ["CHW", "HWC"])
def test_pixels_become_what_the_network_takes(tmp_path: Path, layout: str) -> None:
    pixels = Pixels(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    images = PIXELS if layout == "CHW" else PIXELS.transpose(0, 2, 3, 1)
    graph = network(layout=layout)
    artifact = imported(tmp_path, graph, {"images": images}, labels=ABC, pixels=pixels)
    (spec,) = artifact.manifest.inputs
    assert (spec.datatype, spec.content, spec.layout) == ("UINT8", "image", layout)
    shape = (3, 1, 1) if layout == "CHW" else (3,)
    mean, std = (np.reshape(numbers, shape) for numbers in (pixels.mean, pixels.std))
    own = ((images / 255 - mean) / std).astype(np.float32)
    expected = run_graph(graph, Batch({"images": own}))["y"]
    np.testing.assert_allclose(answers(artifact, images=images)["y"], expected, atol=2e-5)
    assert changes(artifact)[0].startswith("Input images takes UINT8 pixels, which become (pixel *")


def test_a_grey_image_of_two_axes_is_told(tmp_path: Path) -> None:
    graph = made(
        [node("ReduceMean", ["images", "axes"], "m", keepdims=0), node("Mul", ["m", "w"], "y")],
        {"images": ("FP32", ["n", 8, 9])},
        {"y": ("FP32", ["n", 9])},
        axes=np.array([1]),
        w=np.arange(9, dtype=np.float32),
    )
    options = {"images": "image:HW"}
    samples, labels = {"images": PIXELS[:, 0]}, tuple("abcdefghi")
    with pytest.raises(ImportModelError, match="needs a graph with one image input"):
        imported(tmp_path, graph, samples, labels=labels, pixels=Pixels(1 / 255))
    artifact = imported(
        tmp_path, graph, samples, labels=labels, pixels=Pixels(1 / 255), inputs=options
    )
    assert artifact.manifest.inputs[0].layout == "HW"


def test_float_pixels_are_refused_where_pixels_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match=r"'images' holds 0\.\d+, but the graph takes UINT8"):
        imported(tmp_path, network(), {"images": PIXELS / 255}, labels=ABC, pixels=Pixels(1 / 255))


def test_means_are_one_per_channel(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match=r"gives 2 numbers for mean, .* has 3 channels"):
        imported(
            tmp_path, network(), {"images": PIXELS}, labels=ABC, pixels=Pixels(mean=(1.0, 2.0))
        )
