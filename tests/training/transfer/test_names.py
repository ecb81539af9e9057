"""A name that the repository has already: the same problem, another one, or other pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.manifest import MANIFEST_FILE
from contract.records import SourceRecord
from contract.repository import Entry, read_manifest
from tests.conftest import MODELS
from tests.training.transfer import made
from training.errors import TransferError
from training.transfer.data import Given, read_data
from training.transfer.options import Options
from training.transfer.run import prepare

NAME = "letters-transfer"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.letters(tmp_path_factory.mktemp("names"))


@pytest.fixture(scope="module")
def given(folder: Path) -> Given:
    return read_data(str(folder))


def earlier(out: Path, given: Given, **changes: Any) -> Options:
    """Write the manifest of an earlier version trained on the folder, or as `changes` say."""
    manifest = read_manifest(Entry("digits-cnn", 1, MODELS / "digits-cnn" / "1"))
    assert manifest.training is not None
    data = manifest.training.data.model_copy(update={"sha256": given.parts.sha256})
    source = SourceRecord(name="digits-cnn", version="1", sha256="0" * 64, freeze="conv")
    training = manifest.training.model_copy(update={"data": data, "source": source})
    fields = {"name": NAME, "version": "3", "training": training, "labels": made.CLASSES}
    version = out / NAME / "3"
    version.mkdir(parents=True)
    shown = manifest.model_copy(update={**fields, **changes}).model_dump(mode="json")
    # The network's outputs and figures are of ten classes; only who it is matters here.
    shown["metrics"], n = None, len(shown["labels"])
    for output in shown["outputs"]:
        output["shape"] = [-1, n] if output["role"] == "probabilities" else output["shape"]
    (version / MANIFEST_FILE).write_text(type(manifest).model_validate(shown).to_json())
    return Options("digits-cnn", "", NAME, models=MODELS, out=out)


def prepared(options: Options, folder: Path) -> Given:
    return prepare(Options(options.source, str(folder), NAME, models=MODELS, out=options.out)).given


def test_the_same_pictures_again_are_no_news(tmp_path: Path, folder: Path, given: Given) -> None:
    assert prepared(earlier(tmp_path, given), folder).notes == given.notes


def test_other_pictures_of_the_same_labels_are_told(tmp_path: Path, given: Given) -> None:
    options = earlier(tmp_path / "models", given)
    other = made.letters(tmp_path, each=25)
    assert prepared(options, other).notes == (
        "Version 3 of letters-transfer was trained on other pictures; the new version replaces it "
        "as the one that is served",
    )


def test_other_labels_are_refused(tmp_path: Path, folder: Path, given: Given) -> None:
    options = earlier(tmp_path, given, labels=tuple("ABCDEFGHIJKL"))
    expected = (
        "holds a model 'letters-transfer' of other labels: it answers A, B, C, D, E, F, G, H, I, J "
        "and 2 more, and --data has L, T, X; give another --name"
    )
    with pytest.raises(TransferError, match=expected):
        prepared(options, folder)


def test_a_model_from_elsewhere_is_refused(tmp_path: Path, folder: Path, given: Given) -> None:
    options = earlier(tmp_path, given, training=None)
    with pytest.raises(TransferError, match="that did not come from transfer; give another --name"):
        prepared(options, folder)
