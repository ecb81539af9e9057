"""The encoder as nodes: BERT's layers, mean pooling, unit length."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.export.graph import Graph
from training.fit.texts.encoder import Encoder

_FLOAT = 1
# Added to the attention of padding, which leaves it none.
_NONE = -1e9


class EncoderNodes:
    """Writes an encoder into a graph."""

    def __init__(self, graph: Graph, encoder: Encoder) -> None:
        self._graph = graph
        self._encoder = encoder

    def write(self, ids: str, lengths: str) -> str:
        """Vectors FP32 [n, width] of ids INT64 [n, L] and lengths INT64 [n]."""
        places = self._places(ids)
        mask = self._mask(places, lengths)
        x = self._embedded(ids, places)
        allowed = self._add("Mul", self._add("Sub", mask, self._float(1)), self._float(-_NONE))
        hidden = self._add("Unsqueeze", allowed, self._axes(1, 2))
        for layer in range(self._encoder.layers):
            x = self._layer(x, hidden, f"encoder.layer.{layer}")
        return self._pooled(x, mask)

    def _places(self, ids: str) -> str:
        zero, one = (self._graph.constant(np.int64(i)) for i in (0, 1))
        width = self._add("Gather", self._add("Shape", ids), one, axis=0)
        return self._add("Range", zero, width, one)

    def _mask(self, places: str, lengths: str) -> str:
        """FP32 [n, L], 1 for tokens and 0 for padding."""
        ends = self._add("Unsqueeze", lengths, self._axes(1))
        return self._add("Cast", self._add("Less", places, ends), to=_FLOAT)

    def _embedded(self, ids: str, places: str) -> str:
        words = self._add("Gather", self._weight("embeddings.word_embeddings.weight"), ids, axis=0)
        table = self._weight("embeddings.position_embeddings.weight")
        positions = self._add("Gather", table, places, axis=0)
        kind = self._encoder.weights["embeddings.token_type_embeddings.weight"][0]
        total = self._add("Add", self._add("Add", words, positions), self._graph.constant(kind))
        return self._normalised(total, "embeddings.LayerNorm")

    def _layer(self, x: str, hidden: str, name: str) -> str:
        query, key, value = (
            self._heads(self._dense(x, f"{name}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        width = self._encoder.weights["embeddings.LayerNorm.weight"].shape[0]
        scale = self._float((width // self._encoder.heads) ** -0.5)
        products = self._add("MatMul", query, self._add("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self._add("Add", self._add("Mul", products, scale), hidden)
        mixed = self._add("MatMul", self._add("Softmax", scores, axis=-1), value)
        joined = self._add("Transpose", mixed, perm=[0, 2, 1, 3])
        joined = self._add("Reshape", joined, self._axes(0, 0, width))
        attended = self._add("Add", x, self._dense(joined, f"{name}.attention.output.dense"))
        x = self._normalised(attended, f"{name}.attention.output.LayerNorm")
        inner = self._add("Gelu", self._dense(x, f"{name}.intermediate.dense"))
        total = self._add("Add", x, self._dense(inner, f"{name}.output.dense"))
        return self._normalised(total, f"{name}.output.LayerNorm")

    def _heads(self, x: str) -> str:
        """[n, L, width] as [n, heads, L, width / heads]."""
        parts = self._add("Reshape", x, self._axes(0, 0, self._encoder.heads, -1))
        return self._add("Transpose", parts, perm=[0, 2, 1, 3])

    def _pooled(self, x: str, mask: str) -> str:
        """The mean of the tokens, of unit length."""
        total = self._add("ReduceSum", mask, self._axes(1), keepdims=1)
        share = self._add("Unsqueeze", self._add("Div", mask, total), self._axes(2))
        mean = self._add("ReduceSum", self._add("Mul", x, share), self._axes(1), keepdims=0)
        length = self._add("ReduceL2", mean, self._axes(1), keepdims=1)
        return self._add("Div", mean, self._add("Max", length, self._float(1e-12)))

    def _dense(self, x: str, name: str) -> str:
        weight = np.ascontiguousarray(self._encoder.weights[f"{name}.weight"].T)
        product = self._add("MatMul", x, self._graph.constant(weight))
        return self._add("Add", product, self._weight(f"{name}.bias"))

    def _normalised(self, x: str, name: str) -> str:
        weight, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        epsilon = self._encoder.epsilon
        return self._add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)

    def _add(self, op: str, *inputs: str, **attributes: Any) -> str:
        return self._graph.add(op, *inputs, **attributes)

    def _weight(self, name: str) -> str:
        return self._graph.constant(self._encoder.weights[name])

    def _float(self, value: float) -> str:
        return self._graph.constant(np.float32(value))

    def _axes(self, *values: int) -> str:
        return self._graph.constant(np.array(values, np.int64))
