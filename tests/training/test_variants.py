"""The `cuda` variant in a model repository: added, checked, loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from contract.answers import compare
from contract.batch import Batch
from contract.golden import GoldenSamples
from contract.repository import Entry, audit, entries, record_of, write
from service.inference.session import load
from service.settings import Settings
from tests.conftest import MODELS
from tests.repositories import LABEL, LABELS, PROBABILITIES, manifest_of
from tests.training.test_cli import run
from tests.training.test_export import random_tree
from training.answers import run_graph
from training.datasets import Dataset, Split
from training.errors import ParityError
from training.export.envelope import wrap
from training.export.packing import serialize
from training.export.trees import Tree, ensemble_graph
from training.variants import CUDA_FILE, add_cuda, agreement, cuda_variant

OUTPUTS = (LABEL, PROBABILITIES)


def trees(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    grown = [random_tree(rng, 4, mixed=False) for _ in range(8)]
    wide = [
        Tree(t.left, t.right, t.feature, t.threshold, np.pad(t.values, ((0, 0), (0, 7))))
        for t in grown
    ]
    core = ensemble_graph(wide, n_targets=10)
    return serialize(wrap(core, n_classes=10, link="identity", temperature=1.0, name="trees"))


def images(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), np.uint8)


def batch(n: int) -> Batch:
    return Batch({"images": images(n)})


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    """A version of a few trees, with a card beside its graph."""
    graph = trees(0)
    answers = run_graph(graph, batch(3))
    golden = GoldenSamples(batch(3), answers).to_bytes()
    manifest = manifest_of("forest", "1", graph, golden, algorithm="random_forest")
    files = {"model.onnx": graph, "golden.npz": golden, "card.md": b"# Card\n"}
    return write(tmp_path / "models", manifest, files)


def data(n: int) -> Dataset:
    split = Split(images(n, 1), np.zeros(n, np.int64))
    return Dataset("digits", split, split, split, {}, "none", LABELS)


def test_a_variant_is_written_beside_the_model(entry: Entry) -> None:
    before = audit(entry)
    added = add_cuda(entry, data(30))
    assert added is not None
    assert {name: a.rows for name, a in added.agreement.items()} == {"golden": 3, "test": 30}
    after = audit(entry, "cuda")
    assert after.manifest == added.manifest
    assert after.manifest.files == {
        **before.manifest.files,
        "cuda": record_of(CUDA_FILE, after.graph),
    }
    assert audit(entry).graph == before.graph
    assert (entry.path / "card.md").read_text() == "# Card\n"
    assert add_cuda(entry) is not None  # and again, over itself


def test_the_service_serves_either_variant_on_the_cpu(entry: Entry) -> None:
    add_cuda(entry)
    default = load(entry, Settings(provider="cpu")).predict(batch(5))
    # What a GPU would load, read by hand: on the CPU the service takes the default.
    variant = run_graph(audit(entry, "cuda").graph, batch(5))
    assert compare(default, variant, OUTPUTS).within(1e-6)


def test_a_model_that_runs_anywhere_gets_no_variant(repository: Path) -> None:
    entry = entries(repository)[0]
    before = (entry.path / "manifest.json").read_bytes()
    assert add_cuda(entry) is None
    assert (entry.path / "manifest.json").read_bytes() == before


def test_a_variant_that_answers_otherwise_is_refused(entry: Entry) -> None:
    other = cuda_variant(trees(1))
    assert other is not None
    with pytest.raises(ParityError, match=r"variant.s outputs differ .* \d+ of 20 labels differ"):
        agreement("forest", other, batch(20), run_graph(trees(0), batch(20)), OUTPUTS)


def test_a_probability_beyond_the_tolerance_is_refused(entry: Entry) -> None:
    variant = cuda_variant(trees(0))
    assert variant is not None
    own = run_graph(trees(0), batch(20))
    other = Batch({"label": own["label"], "probabilities": own["probabilities"] + 2e-6})
    with pytest.raises(ParityError, match="0 of 20 labels"):
        agreement("forest", variant, batch(20), other, OUTPUTS)


def test_the_command_writes_and_reports(entry: Entry) -> None:
    models = str(entry.path.parent.parent)
    done = run("variants", "--models", models, "--name", "forest")
    assert done.returncode == 0, done.stderr
    assert CUDA_FILE in done.stdout
    assert onnx.load_from_string(audit(entry, "cuda").graph).graph.name == "trees"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "/nowhere"], "/nowhere is not a directory"),
        (["--models", str(MODELS), "--name", "forest"], "no model 'forest'"),
    ],
)
def test_the_command_names_what_is_wrong(arguments: list[str], message: str) -> None:
    done = run("variants", *arguments)
    assert done.returncode != 0
    assert message in " ".join(done.stderr.split())
