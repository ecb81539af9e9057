"""One loaded model: construct it, let it prove itself, call it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from contract.errors import ArtifactError, ContractError
from contract.manifest import Manifest
from contract.repository import Artifact, Entry, GoldenSamples, audit, read_manifest
from service.errors import StartupError
from service.inference import provider
from service.inference.binding import OUTPUTS, Arrays, Bound, Images, first_line
from service.settings import Settings

Variant = Literal["default", "cuda"]

# Rows per call of the session: a request of many rows must not multiply its buffers.
CHUNK = 256

logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """label: int64 [n]; probabilities: float32 [n, classes]."""

    label: NDArray[np.int64]
    probabilities: NDArray[np.float32]


class Session:
    """A model that has answered its golden inputs. Safe to call from several threads.

    Args:
        started: `time.perf_counter()` when loading began.
        device: where inputs and outputs are bound, as ONNX Runtime calls it; where the provider
            is unless given, and nowhere on the CPU, whose memory is that of the arrays already.

    Attributes:
        samples: uint8 [n, height, width], real images; its golden inputs.
    """

    def __init__(
        self,
        artifact: Artifact,
        asked: list[provider.Provider],
        settings: Settings,
        started: float,
        device: str | None = None,
    ) -> None:
        manifest = artifact.manifest
        self.manifest: Manifest = manifest
        self.samples = artifact.golden.images
        self._session = ort.InferenceSession(
            artifact.graph, _options(settings), providers=[name for name, _ in asked],
            provider_options=[options for _, options in asked],
        )  # fmt: skip
        self.provider = provider.check(asked, self._session, settings)
        # What a run cannot do there is an error: it must not move to the CPU in silence.
        self._session.disable_fallback()
        self._run, self._most = _plain(self._session, manifest.inputs[0].name), CHUNK
        if device or self.provider == provider.CUDA:
            bound = Bound(self._session, device or "cuda", CHUNK)
            self._run, self._most = bound.run, bound.largest
        _replay(self, artifact.golden)
        self.load_seconds = time.perf_counter() - started

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """The model's version."""
        return self.manifest.version

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one instance."""
        return self.manifest.inputs[0].shape[1:]

    def predict(self, images: Images) -> Answer:
        """Answer images, uint8 [n, height, width]; n may be any number of at least one."""
        if len(images) <= self._most:
            return Answer(*self._run(images))
        parts = [
            self._run(images[start : start + self._most])
            for start in range(0, len(images), self._most)
        ]
        return Answer(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def load(entry: Entry, settings: Settings) -> Session:
    """Parse, audit, construct, replay.

    Raises:
        ContractError: the artifact is not to be trusted.
        StartupError: the provider setting cannot be fulfilled.
    """
    started = time.perf_counter()
    manifest = read_manifest(entry)
    asked = provider.wanted(manifest, settings)
    if asked[0][0] == provider.CUDA:
        session = _on_cuda(entry, manifest, asked, settings, started)
        if session is not None:
            return session
    return _construct(entry, "default", provider.on_cpu(), settings, started)


def _on_cuda(
    entry: Entry,
    manifest: Manifest,
    asked: list[provider.Provider],
    settings: Settings,
    started: float,
) -> Session | None:
    """The session; None where there is a better one on the CPU.

    Raises:
        StartupError: the setting is `cuda` and the device cannot run the model.
    """
    variant: Variant = "cuda" if "cuda" in manifest.files else "default"
    try:
        session = _construct(entry, variant, asked, settings, started)
    except StartupError as error:
        if settings.provider == "cuda":
            raise StartupError(f"{entry}: {error}") from error
        logger.warning("model %s serves on the CPU: %s", entry, error)
        return None
    if session.provider != provider.CUDA and variant == "cuda":
        # It fell back: tensors in place of tree nodes pay on a GPU alone.
        return None
    return session


def _construct(
    entry: Entry,
    variant: Variant,
    asked: list[provider.Provider],
    settings: Settings,
    started: float,
) -> Session:
    artifact = audit(entry, variant)
    try:
        return Session(artifact, asked, settings, started)
    except StartupError:
        raise
    except Exception as error:  # ONNX Runtime has a dozen exceptions and no base of them
        reason = first_line(error)
        if asked[0][0] == provider.CUDA:
            # What the CPU can do with the same graph is still to be seen; it may be the device's.
            raise StartupError(
                f"CUDA cannot load or run it ({reason}); raise ROSENBLATT_GPU_MEMORY_MB or set "
                "ROSENBLATT_PROVIDER to 'cpu'"
            ) from error
        if isinstance(error, ContractError):
            raise
        path = entry.path / artifact.manifest.files[variant].path
        raise ArtifactError(
            f"{path}: ONNX Runtime {ort.__version__} cannot load or run it ({reason})"
        ) from error


def _plain(session: ort.InferenceSession, name: str) -> Callable[[Images], Arrays]:
    """Runs of a session whose input has this name, in memory allocated for each."""
    return lambda images: session.run(OUTPUTS, {name: images})


def _options(settings: Settings) -> ort.SessionOptions:
    """One process per core and one thread each; idle threads must not spin (facts, measured)."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.intra_op_threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def _replay(session: Session, golden: GoldenSamples) -> None:
    """Answer the golden inputs.

    Raises:
        ArtifactError: a label differs, or a probability by more than the tolerance.
    """
    answer = session.predict(golden.images)
    tolerance = session.manifest.golden.tolerance
    wrong = int(np.sum(answer.label != golden.label))
    difference = float(np.abs(answer.probabilities - golden.probabilities).max())
    # `not <=` and not `>`: a NaN must fail.
    if wrong or not difference <= tolerance:
        raise ArtifactError(
            f"{session.name} version {session.version} answers {wrong} of {len(golden.label)} "
            f"golden labels wrong and a probability {difference:.2g} off (limit {tolerance:g}); "
            "restore or retrain it"
        )
