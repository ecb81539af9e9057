"""torch by both of its exporters: equal to torch's own answers within 1e-5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from contract.batch import Batch
from tests.training.importing.models import answers, imported
from tests.training.importing.networks import (
    DYNAMO,
    IMAGES,
    LABELS,
    PIXELS,
    SCRIPT,
    Network,
    graph_of,
    own,
)
from training.errors import ImportModelError
from training.importing.pixels import parse_pixels


@pytest.mark.parametrize("options", [DYNAMO, SCRIPT], ids=["dynamo", "torchscript"])
def test_logits_of_images_become_probabilities_of_pixels(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    expected = torch.tensor(own()).softmax(1).numpy()
    np.savez(tmp_path / "own.npz", probabilities=expected, label=expected.argmax(axis=1))
    artifact = imported(
        tmp_path, graph_of(tmp_path, **options), {"images": PIXELS}, labels=LABELS,
        softmax="logits", pixels=parse_pixels("imagenet"), parity=(str(tmp_path / "own.npz"),),
    )  # fmt: skip
    manifest = artifact.manifest
    (spec,) = manifest.inputs
    assert (spec.datatype, spec.layout, spec.row) == ("UINT8", "CHW", (3, 224, 224))
    assert manifest.family == "deep_learning"
    assert manifest.imported is not None
    assert manifest.imported.producer.startswith("pytorch")
    assert manifest.parity is not None
    assert manifest.parity.max_difference < 1e-5


def test_logits_are_scores_of_the_labels(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, **SCRIPT)
    artifact = imported(tmp_path, graph, {"images": IMAGES}, labels=LABELS)
    assert [o.role for o in artifact.manifest.outputs] == ["scores"]
    np.testing.assert_allclose(answers(artifact, images=IMAGES)["logits"], own(), atol=1e-5)
    with pytest.raises(ImportModelError, match="give --labels with the names of the classes"):
        imported(tmp_path, graph, {"images": IMAGES})


def test_a_network_in_training_mode_is_refused(tmp_path: Path) -> None:
    network = Network().train()
    options = {**SCRIPT, "training": torch.onnx.TrainingMode.TRAINING}
    graph = graph_of(tmp_path, network, rows=6, do_constant_folding=False, **options)
    with pytest.raises(ImportModelError, match="export it in evaluation mode"):
        imported(tmp_path, graph, {"images": IMAGES}, labels=LABELS)


def test_a_fixed_batch_is_opened_or_refused(tmp_path: Path) -> None:
    script = graph_of(tmp_path, rows=1, dynamo=False)
    artifact = imported(tmp_path, script, {"images": IMAGES}, labels=LABELS)
    np.testing.assert_allclose(answers(artifact, images=IMAGES)["logits"], own(), atol=1e-5)
    dynamo = graph_of(tmp_path, rows=1, dynamo=True, external_data=False)
    with pytest.raises(ImportModelError, match=r"by dynamic_shapes=\(\{0: 'batch'\},\)"):
        imported(tmp_path, dynamo, {"images": IMAGES}, labels=LABELS)


def test_weights_beside_the_file_are_refused(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, **{**DYNAMO, "external_data": True})
    with pytest.raises(ImportModelError, match=r"outside the file; .* by external_data=False"):
        imported(tmp_path, graph, {"images": IMAGES}, labels=LABELS)


def test_open_sizes_of_a_network_are_fixed_where_told(tmp_path: Path) -> None:
    axes = {"images": {0: "batch", 2: "height", 3: "width"}}
    graph = graph_of(tmp_path, dynamo=False, dynamic_axes=axes)
    with pytest.raises(ImportModelError, match="for example --shape images=3,224,224"):
        imported(tmp_path, graph, {"images": IMAGES}, labels=LABELS)
    shapes = {"images": (3, 224, 224)}
    artifact = imported(tmp_path, graph, {"images": IMAGES}, labels=LABELS, shapes=shapes)
    assert artifact.manifest.inputs[0].layout == "CHW"


def test_one_logit_becomes_two_probabilities(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 1)).eval()
    graph = graph_of(tmp_path, network, **SCRIPT)
    artifact = imported(tmp_path, graph, {"images": IMAGES}, labels=("no", "yes"), sigmoid="logits")
    with torch.no_grad():
        expected = network(torch.tensor(IMAGES)).sigmoid().numpy()
    found = answers(artifact, images=IMAGES)["probabilities"]
    np.testing.assert_allclose(found[:, 1:], expected, atol=1e-5)
    assert Batch({"p": found}).rows == 6
