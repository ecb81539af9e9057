from __future__ import annotations

import numpy as np
import pytest

from contract.batch import Batch
from contract.errors import ArtifactError
from contract.golden import GoldenSamples, read_golden
from contract.manifest import Manifest
from contract.tensors import Input, Output
from tests.repositories import manifest_of

# `file` is a keyword argument of np.savez, and no tensor's privilege to avoid.
AGE = Input(name="file", datatype="FP32", shape=(-1,), content="number", columns=("age",))
WORK = Input(name="/a/work", datatype="BYTES", shape=(-1, 1), content="category", columns=("work",))
VALUE = Output(name="value", datatype="FP32", shape=(-1, 1), role="value")


def of(samples: GoldenSamples) -> Manifest:
    return manifest_of(
        "table", "1", b"graph", samples.to_bytes(), task="regression", labels=(), metrics=None,
        inputs=(AGE, WORK), outputs=(VALUE,),
    )  # fmt: skip


@pytest.fixture
def samples() -> GoldenSamples:
    work = np.array([["private"], ["café\n"], [""]], object)
    ages = np.array([39, np.nan, 0], np.float32)
    return GoldenSamples(
        Batch({"file": ages, "/a/work": work}), Batch({"value": np.ones((3, 1), np.float32)})
    )


def test_tables_survive_with_text_and_missing_values(samples: GoldenSamples) -> None:
    read = read_golden(samples.to_bytes(), of(samples))
    np.testing.assert_array_equal(read.inputs["file"], samples.inputs["file"])
    assert read.inputs["/a/work"].tolist() == samples.inputs["/a/work"].tolist()
    assert read.inputs["/a/work"].dtype == object
    assert read.outputs["value"].dtype == np.float32


def test_the_same_samples_give_the_same_bytes(samples: GoldenSamples) -> None:
    assert samples.to_bytes() == samples.to_bytes()


def test_text_that_the_archive_would_change_is_refused() -> None:
    work = np.array(["private\0"], object)
    with pytest.raises(ValueError, match="ends with a NUL"):
        GoldenSamples(Batch({"work": work}), Batch({"value": np.ones(1)})).to_bytes()


def test_an_array_that_is_missing_is_an_error(samples: GoldenSamples) -> None:
    manifest = of(samples)
    lacking = GoldenSamples(Batch({"file": samples.inputs["file"]}), samples.outputs)
    with pytest.raises(ArtifactError, match="work"):
        read_golden(lacking.to_bytes(), manifest)
