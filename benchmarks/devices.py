"""A model's graphs on the available devices, as functions from inputs to outputs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import onnxruntime as ort

from contract.batch import Batch, Model
from contract.golden import GoldenSamples
from contract.manifest import Manifest
from contract.repository import Entry, audit, entries
from service.inference import binding, provider
from service.settings import Settings
from training.variants import TOLERANCE


@dataclass(frozen=True)
class Contender:
    """One graph on one device. `form` is `native`, the model's own graph, or `tensors`."""

    manifest: Manifest
    golden: GoldenSamples
    form: str
    device: str
    model: Model

    @property
    def tolerance(self) -> float:
        """Largest allowed difference from the native graph on the CPU.

        For networks it is the tolerance of the golden samples.
        """
        return TOLERANCE if "cuda" in self.manifest.files else self.manifest.golden.tolerance

    def describe(self) -> dict[str, str]:
        """The columns that identify this contender in the results."""
        return {"model": self.manifest.name, "form": self.form, "device": self.device}


def contenders(settings: Settings) -> Iterator[list[Contender]]:
    """The contenders of each model; the first is the reference for the others."""
    highest = {entry.name: entry for entry in entries(settings.models_dir)}
    for entry in highest.values():
        variants = [("native", "default")]
        if "cuda" in audit(entry).manifest.files:
            variants.append(("tensors", "cuda"))
        group = [contender(entry, form, variant, settings, "cpu") for form, variant in variants]
        if settings.provider == "cuda":
            group.append(contender(entry, *variants[-1], settings, "cuda"))
        yield group


def contender(entry: Entry, form: str, variant: str, settings: Settings, device: str) -> Contender:
    artifact = audit(entry, variant)
    requested = provider.wanted(artifact, Settings(provider=device))
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.intra_op_threads
    options.log_severity_level = 3
    session = ort.InferenceSession(
        artifact.graph, options,
        providers=[name for name, _ in requested],
        provider_options=[given for _, given in requested],
    )  # fmt: skip
    got = provider.check(requested, session, settings)
    manifest = artifact.manifest
    on_cuda = got == provider.CUDA
    model = Bound(session, manifest, "cuda") if on_cuda else Plain(session, manifest)
    return Contender(manifest, artifact.golden, form, device, model)


class Plain:
    """Runs a session with arrays in main memory."""

    def __init__(self, session: ort.InferenceSession, manifest: Manifest) -> None:
        self._session = session
        self._names = [output.name for output in manifest.outputs]

    def predict(self, batch: Batch) -> Batch:
        answers = self._session.run(self._names, dict(batch.arrays))
        return Batch(dict(zip(self._names, answers, strict=True)))


class Bound:
    """Runs a session through the service's I/O binding; keeps buffers for one batch size."""

    def __init__(self, session: ort.InferenceSession, manifest: Manifest, device: str) -> None:
        self._session = session
        self._manifest = manifest
        self._device = device
        self._held: dict[int, binding.Bucket] = {}

    def predict(self, batch: Batch) -> Batch:
        rows = batch.rows
        if rows not in self._held:
            self._held.clear()
            self._held[rows] = binding.Bucket(self._session, self._manifest, rows, self._device)
        answers = self._held[rows].run(batch.arrays)
        names = (output.name for output in self._manifest.outputs)
        return Batch(dict(zip(names, answers, strict=True)))


def card() -> tuple[str, str]:
    """Name and driver version of the first GPU, from nvidia-smi."""
    name, _, driver = _smi("name,driver_version").partition(", ")
    return name or "unknown", driver or "unknown"


def memory_used() -> int:
    """MB of the first GPU's memory that all processes use together.

    Raises:
        RuntimeError: nvidia-smi is absent or does not say.
    """
    used = _smi("memory.used")
    if not used.endswith(" MiB"):
        raise RuntimeError("nvidia-smi does not say how much memory of the GPU is used")
    return round(int(used.removesuffix(" MiB")) * 2**20 / 1e6)


def _smi(fields: str) -> str:
    """What nvidia-smi says of the first GPU; empty if it says nothing or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    done = subprocess.run(
        [tool, f"--query-gpu={fields}", "--format=csv,noheader", "--id=0"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return "" if done.returncode else done.stdout.strip()
