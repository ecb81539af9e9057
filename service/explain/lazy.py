"""Graphs that are audited and loaded when they are first asked, so the others cost nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnxruntime as ort

from contract.batch import Array
from service.errors import ModelError, UnavailableError
from service.inference import memory
from service.inference.binding import first_line
from service.inference.session import options_of, quiet
from service.paths import without_folder
from service.settings import Settings


class LazyGraph:
    """A graph beside a model. Thread-safe.

    Args:
        what: names it in messages, for example "the graph of path for model 'digits'".
        read: its audited bytes; may raise a ContractError.
    """

    def __init__(self, what: str, read: Callable[[], bytes], settings: Settings) -> None:
        self._what, self._read, self._settings = what, read, settings
        self._lock = threading.Lock()
        self._session: ort.InferenceSession | None = None
        self._quiet = quiet()

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Array]) -> list[Array]:
        """These outputs for the inputs.

        Raises:
            ModelError: the graph fails on them, or gives NaN or infinity.
            UnavailableError: it fails its audit, or cannot be loaded.
            MemoryError: there is no memory to load or run it.
        """
        session = self._loaded()
        try:
            found: list[Array] = session.run(list(outputs), dict(inputs), self._quiet)
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            if memory.is_exhausted(error):
                raise MemoryError(f"{self._what}: {first_line(error)}") from error
            raise ModelError(
                f"{self._what} fails on this row ({first_line(error)}); ask in another way"
            ) from error
        if not all(np.isfinite(array).all() for array in found if array.dtype.kind == "f"):
            raise ModelError(
                f"{self._what} gave a number that is not finite on this row; ask in another way"
            )
        return found

    def _loaded(self) -> ort.InferenceSession:
        with self._lock:
            if self._session is None:
                try:
                    self._session = self._load()
                except Exception as error:
                    if memory.is_exhausted(error):
                        raise MemoryError(f"{self._what}: {first_line(error)}") from error
                    reason = without_folder(first_line(error), self._settings.models_dir)
                    raise UnavailableError(f"{self._what} cannot be used: {reason}") from error
            return self._session

    def _load(self) -> ort.InferenceSession:
        session = ort.InferenceSession(
            self._read(), options_of(self._settings), providers=["CPUExecutionProvider"]
        )
        session.disable_fallback()
        memory.forget_graph(session)
        memory.trim()
        return session
