"""A model that takes as long as a test wants."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from contract.batch import Batch
from contract.manifest import Manifest
from tests.repositories import LABEL, manifest_of


@dataclass
class Gated:
    """A model that answers when its gate opens."""

    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    manifest: Manifest = field(
        default_factory=lambda: manifest_of("gated", "1", b"graph", b"golden", outputs=(LABEL,))
    )
    provider: str = "none"
    load_seconds: float = 0.0
    samples: Batch = field(default_factory=lambda: Batch({"images": np.zeros((1, 28, 28))}))

    sizes: list[int] = field(default_factory=list)

    def predict(self, batch: Batch) -> Batch:
        self.sizes.append(len(batch))
        self.begun.set()
        assert self.gate.wait(5)
        return batch
