"""Networks read back from graphs: they answer as the graphs do."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from torch import nn

from contract.errors import ContractError
from contract.repository import Entry, audit, read_manifest
from tests.conftest import MODELS
from training import cnn
from training.errors import ParityError, TransferError
from training.export.envelope import wrap
from training.export.network import network_graph
from training.loop import scores
from training.transfer import source as reading
from training.transfer.layers import FrozenNorm, layers_of
from training.transfer.networks import from_scratch, with_new_head
from training.transfer.source import Source, read_source

NOISE = np.random.default_rng(1).integers(0, 256, (40, 28, 28)).astype(np.uint8)


@pytest.fixture(scope="module")
def source() -> Source:
    return read_source(MODELS, "digits-cnn")


def test_the_committed_network_answers_as_its_graph(source: Source) -> None:
    assert source.parity.label_mismatches == 0
    assert source.parity.rows == 30
    assert source.parity.max_difference < 1e-5
    record = read_manifest(Entry("digits-cnn", 1, MODELS / "digits-cnn" / "1")).files["default"]
    assert source.sha256 == record.sha256
    assert str(source) == "digits-cnn version 1"


def test_a_version_can_be_named() -> None:
    assert str(read_source(MODELS, "digits-cnn/1")) == "digits-cnn version 1"


def test_its_head_is_its_last_layer(source: Source) -> None:
    assert [type(layer) for layer in source.head] == [nn.Linear]
    assert sum(isinstance(layer, nn.Conv2d) for layer in source.body) == 4


@pytest.mark.parametrize("recipe", [cnn.Guide(), cnn.Fast()], ids=lambda r: type(r).__name__)
def test_what_our_export_writes_is_read_back(recipe: cnn.Guide | cnn.Fast) -> None:
    network = recipe.network().eval()
    graph = wrap(network_graph(network), n_classes=10, link="identity", temperature=2.0, name="n")
    read = nn.Sequential(*layers_of(graph, "images"))
    np.testing.assert_allclose(scores(read, NOISE), scores(network, NOISE), rtol=0, atol=1e-4)


def test_a_network_with_two_dense_layers_gets_both_anew() -> None:
    graph = wrap(
        network_graph(cnn.Guide().network().eval()),
        n_classes=10, link="identity", temperature=1.0, name="n",
    )  # fmt: skip
    body, head = reading._parts(Entry("n", 1, MODELS), layers_of(graph, "images"))
    assert [type(layer) for layer in head] == [nn.Linear, nn.ReLU, nn.Linear]
    assert not any(isinstance(layer, nn.Linear) for layer in body)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("digits-svm", "names no model of"),
        ("digits-cnn/7", "names no version of digits-cnn"),
        ("digits-xgboost", "TreeEnsemble"),
        ("digits-perceptron", "digits-perceptron version 1"),
    ],
)
def test_what_is_no_network_is_refused_in_one_sentence(name: str, words: str) -> None:
    with pytest.raises(TransferError, match=words) as refused:
        read_source(MODELS, name)
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="is not a directory"):
        read_source(tmp_path / "none", "digits-cnn")


def test_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "digits-cnn", tmp_path / "digits-cnn")
    graph = tmp_path / "digits-cnn" / "1" / "model.onnx"
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(data)
    with pytest.raises(ContractError, match="SHA-256"):
        read_source(tmp_path, "digits-cnn")


def test_a_network_that_answers_otherwise_is_refused(source: Source) -> None:
    entry = Entry("digits-cnn", 1, MODELS / "digits-cnn" / "1")
    artifact = audit(entry)
    model = onnx.load_from_string(artifact.graph)
    other = with_new_head(source, 10, "conv")
    with pytest.raises(ParityError, match="answers otherwise"):
        reading._parity(entry, artifact, model, other)


@pytest.mark.parametrize(("freeze", "trained"), [("conv", 576 * 3 + 3), ("none", None)])
def test_frozen_layers_take_no_gradient(source: Source, freeze: str, trained: int | None) -> None:
    network = with_new_head(source, 3, freeze)  # type: ignore[arg-type]
    counts = [p.numel() for p in network.parameters() if p.requires_grad]
    everything = sum(p.numel() for p in network.parameters())
    assert sum(counts) == (everything if trained is None else trained)
    assert scores(network, NOISE).shape == (40, 3)
    network.train()
    norms = [layer for layer in network.children() if isinstance(layer, FrozenNorm)]
    assert norms
    assert not any(norm.training for norm in norms)


def test_the_network_from_scratch_is_the_one_that_was_trained(source: Source) -> None:
    ours = [p.shape for p in from_scratch(source, 10).parameters()]
    assert ours == [p.shape for p in cnn.Fast().network().parameters()]
    assert scores(from_scratch(source, 4), NOISE).shape == (40, 4)


def test_the_source_is_left_as_it_was(source: Source) -> None:
    network = with_new_head(source, 10, "none")
    for parameter in network.parameters():
        parameter.data.zero_()
    assert np.abs(source.scores(NOISE)).max() > 1
