"""One loaded model: construct it, let it prove itself, call it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import onnxruntime as ort

from contract.answers import compare
from contract.batch import Array, Batch
from contract.errors import ArtifactError, ContractError
from contract.golden import GoldenSamples
from contract.manifest import Manifest
from contract.repository import Artifact, Entry, audit
from service.errors import StartupError
from service.inference import provider
from service.inference.binding import Bound, bindable, first_line
from service.settings import Settings

# Rows per call of the session: a request of many rows must not multiply its buffers, and a row of a
# large image is as much as many small ones.
CHUNK_ROWS = 256
CHUNK_BYTES = 32 * 2**20

logger = logging.getLogger(__name__)

Run = Callable[[Mapping[str, Array]], list[Array]]


@dataclass(frozen=True)
class Call:
    """One way of running a graph: at most `rows` at a time."""

    run: Run
    rows: int


class Session:
    """A model that has answered its golden inputs. Safe to call from several threads.

    Args:
        started: `time.perf_counter()` when loading began.
        device: where inputs and outputs are bound, as ONNX Runtime calls it; where the provider
            is unless given, and nowhere on the CPU, whose memory is that of the arrays already.

    Attributes:
        samples: real inputs, the golden ones.
        chunk_rows: most rows of one call of the runtime.

    Raises:
        ArtifactError: the graph does not answer its golden inputs as recorded.
        StartupError: the provider setting cannot be fulfilled.
    """

    def __init__(
        self,
        artifact: Artifact,
        asked: list[provider.Provider],
        settings: Settings,
        started: float,
        device: str | None = None,
    ) -> None:
        self.manifest: Manifest = artifact.manifest
        self.samples = artifact.golden.inputs
        self._names = [output.name for output in self.manifest.outputs]
        self._session = ort.InferenceSession(
            artifact.graph, _options(settings), providers=[name for name, _ in asked],
            provider_options=[options for _, options in asked],
        )  # fmt: skip
        self.provider = provider.check(asked, self._session, settings)
        # A run that the device cannot do is an error: it must not move to the CPU in silence.
        self._session.disable_fallback()
        call = self._call(device or ("cuda" if self.provider == provider.CUDA else None))
        self._run, self.chunk_rows = call.run, call.rows
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

    def predict(self, batch: Batch) -> Batch:
        """Every output for a batch of all inputs; any number of rows of at least one."""
        if batch.rows <= self.chunk_rows:
            return self._predict(batch)
        starts = range(0, batch.rows, self.chunk_rows)
        return Batch.join(
            [self._predict(batch.slice(start, start + self.chunk_rows)) for start in starts]
        )

    def _predict(self, batch: Batch) -> Batch:
        return Batch(dict(zip(self._names, self._run(batch.arrays), strict=True)))

    def _call(self, device: str | None) -> Call:
        """Runs bound to a device, or plain ones; text cannot be bound."""
        tensors = (*self.manifest.inputs, *self.manifest.outputs)
        row_bytes = sum(t.dtype.itemsize * t.row_size for t in tensors)
        rows = max(1, min(CHUNK_ROWS, CHUNK_BYTES // row_bytes))
        if device is not None and bindable(self.manifest):
            bound = Bound(self._session, self.manifest, device, rows)
            return Call(bound.run, bound.largest)
        session, names = self._session, self._names
        return Call(lambda arrays: session.run(names, arrays), rows)


def load(entry: Entry, settings: Settings) -> Session:
    """Parse, audit, construct, replay.

    Raises:
        ContractError: the artifact is not to be trusted.
        StartupError: the provider setting cannot be fulfilled.
    """
    started = time.perf_counter()
    artifact = audit(entry)
    asked = provider.wanted(artifact, settings)
    if asked[0][0] == provider.CUDA:
        session = _on_cuda(entry, artifact, asked, settings, started)
        if session is not None:
            return session
    return _construct(entry, artifact, "default", provider.on_cpu(), settings, started)


def _on_cuda(
    entry: Entry,
    artifact: Artifact,
    asked: list[provider.Provider],
    settings: Settings,
    started: float,
) -> Session | None:
    """The session; None where there is a better one on the CPU.

    Raises:
        StartupError: the setting is `cuda` and the device cannot run the model.
    """
    variant = "cuda" if "cuda" in artifact.manifest.files else "default"
    if variant == "cuda":
        artifact = audit(entry, variant)
    try:
        session = _construct(entry, artifact, variant, asked, settings, started)
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
    artifact: Artifact,
    variant: str,
    asked: list[provider.Provider],
    settings: Settings,
    started: float,
) -> Session:
    try:
        return Session(artifact, asked, settings, started)
    except StartupError:
        raise
    except Exception as error:  # ONNX Runtime has a dozen exceptions and no base of them
        reason = first_line(error)
        if asked[0][0] == provider.CUDA:
            # The fault may be the device's: the CPU tries the same graph next.
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
        ArtifactError: a label differs, or a number by more than the tolerance.
    """
    manifest = session.manifest
    try:
        difference = compare(golden.outputs, session.predict(golden.inputs), manifest.outputs)
    except ValueError as error:  # another shape than recorded
        raise ArtifactError(
            f"{session.name} version {session.version} does not answer its golden inputs: "
            f"{error}; restore or import it again"
        ) from error
    if not difference.within(manifest.golden.tolerance):
        raise ArtifactError(
            f"{session.name} version {session.version} does not answer its golden inputs as "
            f"recorded: {difference} (limit {manifest.golden.tolerance:g}); restore or retrain it"
        )
