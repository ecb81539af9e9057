"""One loaded model: construct its session, replay its golden samples, run it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

from contract.answers import compare
from contract.batch import Array, Batch
from contract.errors import ArtifactError, ContractError
from contract.golden import GoldenSamples
from contract.manifest import Manifest
from contract.repository import Artifact, Entry, audit
from service.errors import InvalidError, ModelError, StartupError
from service.inference import memory, provider
from service.inference.binding import Bound, bindable, first_line
from service.settings import Settings
from service.signatures import verifier

# Limits of one call of the runtime, in rows and in bytes, so that a large request or large rows do
# not need large buffers.
CHUNK_ROWS = 256
CHUNK_BYTES = 32 * 2**20
_FATAL = 4

logger = logging.getLogger(__name__)

Run = Callable[[Mapping[str, Array]], list[Array]]


@dataclass(frozen=True)
class Call:
    """A function that runs a graph, for at most `rows` rows."""

    run: Run
    rows: int


class Session:
    """A model that has passed the replay of its golden samples. Thread-safe.

    Args:
        requested: the execution providers, best first.
        started: `time.perf_counter()` when loading began.
        device: ONNX Runtime's name of the device of bound inputs and outputs. By default `cuda`
            with CUDA, and None, for no binding, on the CPU.

    Attributes:
        samples: the golden inputs.
        chunk_rows: most rows of one call of the runtime.

    Raises:
        ArtifactError: the graph's outputs for the golden inputs differ from the recorded ones.
        StartupError: the provider setting cannot be met.
    """

    def __init__(
        self,
        artifact: Artifact,
        requested: list[provider.Provider],
        settings: Settings,
        started: float,
        device: str | None = None,
    ) -> None:
        self.manifest: Manifest = artifact.manifest
        self.samples = artifact.golden.inputs
        self._names = [output.name for output in self.manifest.outputs]
        self._session = ort.InferenceSession(
            artifact.graph, options_of(settings), providers=[name for name, _ in requested],
            provider_options=[options for _, options in requested],
        )  # fmt: skip
        self.provider = provider.check(requested, self._session, settings)
        # A run that fails on the device must raise, not fall back to the CPU silently.
        self._session.disable_fallback()
        memory.forget_graph(self._session)
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
        """Every output for a batch of all inputs; it must have at least one row.

        Raises:
            InvalidError: the model cannot answer these values.
            ModelError: it failed on the GPU.
            MemoryError: there is no memory for the run.
        """
        if batch.rows <= self.chunk_rows:
            return self._predict(batch)
        starts = range(0, batch.rows, self.chunk_rows)
        return Batch.join(
            [self._predict(batch.slice(start, start + self.chunk_rows)) for start in starts]
        )

    def release_buffers(self) -> None:
        """Return the memory that runs of many rows took; the next such run takes it again."""
        if self.provider != provider.CUDA:
            memory.shrink_arena(self._session, self.samples.slice(0, 1).arrays)
            memory.trim()

    def _predict(self, batch: Batch) -> Batch:
        try:
            answers = self._run(batch.arrays)
        except (InvalidArgument, Fail, RuntimeException) as error:
            if memory.is_exhausted(error):
                raise MemoryError(f"{self.name}: {first_line(error)}") from error
            if isinstance(error, RuntimeException):
                raise
            if isinstance(error, Fail) and self.provider == provider.CUDA:
                # The device's fault, or not to be told from it: the client is not to blame.
                raise ModelError(
                    f"{self.name} failed on the GPU ({first_line(error)}); try again, or set "
                    "ROSENBLATT_PROVIDER to 'cpu'"
                ) from error
            # The types are right, so it is a value: an index beyond a table, for example.
            raise InvalidError(
                f"{self.name} cannot answer these rows ({first_line(error)}); send values that "
                "the model knows"
            ) from error
        return Batch(dict(zip(self._names, answers, strict=True)))

    def _call(self, device: str | None) -> Call:
        """A bound run if the device and the tensors allow it, else a plain one."""
        tensors = (*self.manifest.inputs, *self.manifest.outputs)
        row_bytes = sum(t.dtype.itemsize * t.row_size for t in tensors)
        rows = max(1, min(CHUNK_ROWS, CHUNK_BYTES // row_bytes))
        if device is not None and bindable(self.manifest):
            bound = Bound(self._session, self.manifest, device, rows)
            return Call(bound.run, bound.largest)
        session, names, options = self._session, self._names, quiet()
        return Call(lambda arrays: session.run(names, arrays, options), rows)


def load(entry: Entry, settings: Settings) -> Session:
    """Load one version: parse, audit, construct, replay.

    Raises:
        ContractError: the artifact fails its audit or its replay.
        StartupError: the provider setting cannot be met.
    """
    try:
        return _load(entry, settings)
    finally:
        memory.trim()


def _load(entry: Entry, settings: Settings) -> Session:
    started = time.perf_counter()
    artifact = audit(entry, verify=verifier(settings))
    requested = provider.wanted(artifact, settings)
    if requested[0][0] == provider.CUDA:
        session = _on_cuda(entry, artifact, requested, settings, started)
        if session is not None:
            return session
    return _construct(entry, artifact, "default", provider.on_cpu(), settings, started)


def _on_cuda(
    entry: Entry,
    artifact: Artifact,
    requested: list[provider.Provider],
    settings: Settings,
    started: float,
) -> Session | None:
    """A session on CUDA; None if the CPU should serve the model.

    Raises:
        StartupError: the setting is `cuda` and the device cannot run the model.
    """
    variant = "cuda" if "cuda" in artifact.manifest.files else "default"
    if variant == "cuda":
        artifact = audit(entry, variant, verifier(settings))
    try:
        session = _construct(entry, artifact, variant, requested, settings, started)
    except StartupError as error:
        if settings.provider == "cuda":
            raise StartupError(f"{entry}: {error}") from error
        logger.warning("model %s serves on the CPU: %s", entry, error)
        return None
    if session.provider != provider.CUDA and variant == "cuda":
        # It fell back to the CPU, where the variant (trees as tensors) is slower than the default.
        return None
    return session


def _construct(
    entry: Entry,
    artifact: Artifact,
    variant: str,
    requested: list[provider.Provider],
    settings: Settings,
    started: float,
) -> Session:
    try:
        return Session(artifact, requested, settings, started)
    except StartupError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions have no common base
        reason = first_line(error)
        if requested[0][0] == provider.CUDA:
            # The device may be at fault, so the caller tries the same graph on the CPU.
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


def options_of(settings: Settings) -> ort.SessionOptions:
    """Options for one process per core with one thread each; idle threads do not spin."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.intra_op_threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def quiet() -> ort.RunOptions:
    """Options of a run that logs no failure, so that a client cannot fill the log."""
    options = ort.RunOptions()
    options.log_severity_level = _FATAL
    return options


def _replay(session: Session, golden: GoldenSamples) -> None:
    """Run the golden inputs and compare the outputs with the recorded ones.

    Raises:
        ArtifactError: a label differs, or a number differs by more than the tolerance.
    """
    manifest = session.manifest
    try:
        difference = compare(golden.outputs, session.predict(golden.inputs), manifest.outputs)
    except ValueError as error:  # the shape of an output differs
        raise ArtifactError(
            f"{session.name} version {session.version} does not answer its golden inputs: "
            f"{error}; restore or import it again"
        ) from error
    if not difference.within(manifest.golden.tolerance):
        raise ArtifactError(
            f"{session.name} version {session.version} does not answer its golden inputs as "
            f"recorded: {difference} (limit {manifest.golden.tolerance:g}); restore or retrain it"
        )
