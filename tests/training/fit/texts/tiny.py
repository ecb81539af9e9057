"""A BERT of two small layers with made weights, in the files that all-MiniLM-L6-v2 comes in."""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np

WIDTH, INNER, LAYERS, PLACES = 16, 32, 2, 128
VOCABULARY = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.punctuation, "great", "awful", "love",
    "##ly", "bor", "##ing", "broken", "super", "##b", "creme", "the", "a", "film", "was", "and",
    "so", "it", "plot", "actor", "ecole", "naive", "seen", "twice", "fade", "東",
)  # fmt: skip


def encoder(folder: Path) -> Path:
    """Writes the files; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": LAYERS,
        "num_attention_heads": 4, "layer_norm_eps": 1e-12,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(safetensors(_weights()))
    return folder


def safetensors(arrays: dict[str, np.ndarray]) -> bytes:
    """The format: length of the header, header, arrays."""
    header, body = {}, b""
    for name, array in arrays.items():
        data = array.astype("<f4").tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": offsets}
        body += data
    packed = json.dumps(header).encode()
    return len(packed).to_bytes(8, "little") + packed + body


def _weights() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        **_norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _dense(f"{name}.attention.{part}", WIDTH, WIDTH)
        shapes |= _norm(f"{name}.attention.output.LayerNorm")
        shapes |= _dense(f"{name}.intermediate.dense", INNER, WIDTH)
        shapes |= _dense(f"{name}.output.dense", WIDTH, INNER)
        shapes |= _norm(f"{name}.output.LayerNorm")
    return {
        name: generator.normal(1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.5, shape)
        for name, shape in shapes.items()
    }


def _dense(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}
