"""The CUDA benchmark as far as a machine without a device can run it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from benchmarks import calls, gpu
from benchmarks.devices import Bound, Contender, Plain, contenders
from contract.batch import Batch
from contract.repository import audit, entries
from service.errors import StartupError
from service.inference import provider
from service.settings import Settings
from tests.conftest import MODELS, ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "ROSENBLATT_DATA_DIR"}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "gpu", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip


def test_the_cpu_half_measures_every_model_and_both_forms_of_trees(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    done = run("--cpu-only", "--sizes", "1,3", "--seconds", "0.01", "--out", str(out))
    assert done.returncode == 0, done.stderr
    document = json.loads(out.read_text())
    assert document["device"] is None
    assert [(row["model"], row["form"], row["agrees"]) for row in document["parity"]] == [
        ("digits-random-forest", "tensors", True),
        ("digits-xgboost", "tensors", True),
    ]
    measured = {(row["model"], row["form"], row["batch"]) for row in document["timings"]}
    assert len(measured) == len(document["timings"]) == (4 + 2) * 2
    assert all(row["images_per_second"] > 0 for row in document["timings"])
    assert len(document["tensors_against_native"]) == 4
    assert 0 < document["least_cpu_share"] <= min(row["cpu_share"] for row in document["timings"])
    assert "digits-cnn" in done.stdout


def test_without_a_device_one_line_says_so(tmp_path: Path) -> None:
    try:
        provider.require(Settings(provider="cuda"))
    except StartupError:
        out = tmp_path / "gpu.json"
        done = run("--out", str(out))
        assert done.returncode == 1
        assert done.stdout.count("\n") == 1
        assert "no CUDA device" in done.stdout
        assert not out.exists()
    else:
        pytest.skip("there is a CUDA device")


def test_answers_too_far_apart_do_not_agree() -> None:
    group = next(group for group in contenders(Settings(provider="cpu")) if len(group) == 2)
    answers = group[0].golden.outputs

    class Off:
        """Answers the golden inputs, each probability a little more than it should be."""

        def predict(self, batch: Batch) -> Batch:
            return Batch(
                {"label": answers["label"], "probabilities": answers["probabilities"] + 2e-6}
            )

    wrong = replace(group[1], model=Off())
    assert gpu.agreement(group[1], group[0], None)["agrees"]
    assert not gpu.agreement(wrong, group[0], None)["agrees"]


def test_bound_calls_answer_as_plain_ones() -> None:
    """The I/O binding of the CUDA half, bound to the CPU's memory."""
    artifact = audit(entries(MODELS)[0])
    session = ort.InferenceSession(artifact.graph, providers=["CPUExecutionProvider"])
    bound = Bound(session, artifact.manifest, "cpu")
    plain = Plain(session, artifact.manifest)
    golden = artifact.golden.inputs
    for inputs in (golden, golden.take(range(len(golden))[::-1])):
        for n in (len(inputs), 3):
            ours, own = (model.predict(inputs.slice(0, n)) for model in (bound, plain))
            for name in own:
                np.testing.assert_array_equal(ours[name], own[name])


def test_a_batch_too_large_is_reported_and_the_rest_measured() -> None:
    (native, *_) = next(iter(contenders(Settings(provider="cpu"))))

    class Small:
        def predict(self, batch: Batch) -> Batch:
            if len(batch) > 2:
                raise RuntimeError("Failed to allocate memory\nsomewhere")
            return native.model.predict(batch)

    small = replace(native, model=Small(), form="tensors")
    rows = calls.measure([native, small], None, (1, 4, 2), 0.001)
    assert [row.get("failed") for row in rows if row["form"] == "native"] == [None] * 3
    reasons = [row.get("failed") for row in rows if row["form"] == "tensors"]
    assert reasons == [None, "Failed to allocate memory", None]
    assert [ratio["batch"] for ratio in gpu.ratios(rows)] == [1, 2]


def test_waiting_counts_as_a_busy_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """A call that sleeps has no share of a core, like one that the scheduler interrupted."""
    (native, *_) = next(iter(contenders(Settings(provider="cpu"))))

    class Interrupted:
        def predict(self, batch: Batch) -> Batch:
            time.sleep(0.02)
            return native.model.predict(batch)

    rows = calls.measure([replace(native, model=Interrupted()), native], None, (1,), 0.001)
    slow, free = (row["cpu_share"] for row in rows)
    assert slow < 0.5
    assert slow < free
    document = {"device": None, "processor": "p", "onnxruntime": "1", "parity": [], "timings": rows}
    gpu.report({**document, "least_cpu_share": slow})
    assert f"the machine was busy: a figure had {slow:.0%} of a core" in capsys.readouterr().out


@pytest.mark.parametrize("size", [1, 7, 20, 64])
def test_batches_differ_and_have_their_size(size: int) -> None:
    source = Batch({"images": np.arange(20, dtype=np.uint8).reshape(20, 1, 1)})
    batches = [batch["images"] for batch in itertools.islice(calls.different(source, size), 5)]
    assert [batch.shape for batch in batches] == [(size, 1, 1)] * 5
    assert all(batch.flags.c_contiguous for batch in batches)
    if size < len(source):
        assert batches[0].tolist() != batches[1].tolist()


def test_a_session_that_falls_back_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A driver that answers without the libraries that ONNX Runtime needs."""

    def fall_back(settings: Settings) -> Iterator[list[Contender]]:
        raise StartupError("CUDA was requested but ONNX Runtime fell back to the CPU")

    monkeypatch.setattr(gpu, "contenders", fall_back)
    assert gpu.main(tmp_path / "gpu.json", (1,), 0.001, cpu_only=True) == 1
    assert capsys.readouterr().out.count("\n") == 1
