"""A model's graphs on the devices at hand, as functions from images to answers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import onnxruntime as ort

from contract.manifest import Manifest
from contract.repository import Entry, audit, entries
from service.inference import binding, provider
from service.settings import Settings
from training.variants import TOLERANCE

Images = binding.Images
Arrays = binding.Arrays


@dataclass(frozen=True)
class Contender:
    """One graph on one device. `form` is `native`, the model's own graph, or `tensors`."""

    manifest: Manifest
    golden: tuple[Images, Arrays]
    form: str
    device: str
    call: Callable[[Images], Arrays]

    @property
    def tolerance(self) -> float:
        """Largest difference from the native graph on the CPU; the golden one for networks."""
        return TOLERANCE if "cuda" in self.manifest.files else self.manifest.golden.tolerance

    def describe(self) -> dict[str, str]:
        """What is measured, as it stands in the results."""
        return {"model": self.manifest.name, "form": self.form, "device": self.device}


def contenders(settings: Settings) -> Iterator[list[Contender]]:
    """The contenders of each model, the one that the others must agree with first."""
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
    asked = provider.wanted(artifact.manifest, Settings(provider=device))
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.intra_op_threads
    options.log_severity_level = 3
    session = ort.InferenceSession(
        artifact.graph, options,
        providers=[name for name, _ in asked], provider_options=[given for _, given in asked],
    )  # fmt: skip
    got = provider.check(asked, session, settings)
    call = bound(session, "cuda") if got == provider.CUDA else plain(session)
    golden = artifact.golden
    answers: Arrays = [golden.label, golden.probabilities]
    return Contender(artifact.manifest, (golden.images, answers), form, device, call)


def plain(session: ort.InferenceSession) -> Callable[[Images], Arrays]:
    def call(images: Images) -> Arrays:
        answers: Arrays = session.run(["label", "probabilities"], {"images": images})
        return answers

    return call


def bound(session: ort.InferenceSession, device: str) -> Callable[[Images], Arrays]:
    """Calls through the service's I/O binding; its buffers are kept while the batch size stays."""
    held: dict[int, binding.Bucket] = {}

    def call(images: Images) -> Arrays:
        if len(images) not in held:
            held.clear()
            held[len(images)] = binding.Bucket(session, len(images), device)
        return held[len(images)].run(images)

    return call


def card() -> tuple[str, str]:
    """Name and driver of the first device, as nvidia-smi tells them."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "unknown", "unknown"
    done = subprocess.run(
        [tool, "--query-gpu=name,driver_version", "--format=csv,noheader", "--id=0"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    name, _, driver = done.stdout.strip().partition(", ")
    return name or "unknown", driver or "unknown"
