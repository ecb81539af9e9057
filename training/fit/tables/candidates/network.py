"""A multilayer perceptron over embedded columns, alone or as an ensemble that shares its weights.

Numbers enter piecewise-linearly encoded in quantile bins (Gorishniy et al., 2022, arXiv
2203.05556), which lets a small network bend sharply and is indifferent to scale and outliers;
categories enter as learnt vectors. The ensemble multiplies the input by one learnt vector per
member and has one head per member; all else is shared (TabM-mini: Gorishniy et al., 2024, arXiv
2410.24210).
"""

from __future__ import annotations

import copy
import os
import time
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from training.fit.candidate import Data, Learned, Part, Scores
from training.fit.tables.candidates.network_graph import write_network
from training.fit.tables.candidates.pieces import Pieces
from training.fit.tables.encoding import UNSEEN, Encoded
from training.fitted import Curve

WIDTH, DROPOUT, RATE, DECAY = 128, 0.15, 2e-3, 1e-3
VECTOR = 8  # numbers per category
FORGET = 0.01  # share of categories that training replaces by the unseen one, so that it is learnt
EPOCHS, PATIENCE = 60, 12
PROBE_STEPS = 4
MANY_ROWS = 5_000  # with fewer, threads wait for each other longer than they share


class Network(nn.Module):
    """Pieces and gaps [n, P + G] and codes [n, C] -> scores [members, n, outputs]."""

    def __init__(self, pieces: Pieces, members: int, outputs: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(max(1, pieces.width), VECTOR)
        nn.init.normal_(self.vectors.weight, std=0.3)
        columns = len(pieces.place) + len(pieces.gaps) + VECTOR * len(pieces.offsets)
        if members > 1:
            signs = torch.randint(0, 2, (members, columns)) * 2.0 - 1.0
            self.adapters = nn.Parameter(signs)
        else:
            self.register_parameter("adapters", None)
        self.first = nn.Linear(columns, WIDTH)
        self.second = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Parameter(torch.randn(members, WIDTH, outputs) * WIDTH**-0.5)
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, dense: Tensor, codes: Tensor) -> Tensor:
        """The scores of every member."""
        parts = [dense, self.vectors(codes).flatten(1)] if codes.shape[1] else [dense]
        x = torch.cat(parts, dim=1)[None]
        if self.adapters is not None:
            x = x * self.adapters[:, None]
        x = self.dropout(F.relu(self.first(x)))
        x = self.dropout(F.relu(self.second(x)))
        scores: Tensor = x @ self.head + self.bias  # [members, n, outputs]
        return scores


def _learn(members: int, data: Data, *, seed: int, seconds: float) -> Learned:
    """Fit on the training rows; the validation rows choose the epoch. No refit: it needs them."""
    torch.manual_seed(seed)
    many = len(data.train) * members >= MANY_ROWS
    torch.set_num_threads(os.cpu_count() or 1 if many else 1)
    pieces = Pieces.of(data.train.rows)
    network = Network(pieces, members, data.outputs)
    curve = _Training(network, pieces, data, seed, seconds).run()
    encoding = data.train.rows.encoding
    weights = {
        name: value.detach().numpy().astype(np.float32)
        for name, value in network.state_dict().items()
    }
    return Learned(
        scores=lambda columns: _scores(network, pieces, encoding.encode(columns), data),
        validation_scores=_scores(network, pieces, data.validation.rows, data),
        write=lambda graph, features: write_network(
            graph, features, encoding, pieces, weights, data
        ),
        hyperparameters={
            "members": members,
            "width": WIDTH,
            "dropout": DROPOUT,
            "rate": RATE,
            "decay": DECAY,
            "epochs": len(curve.x),
        },
        libraries=("torch",),
        refit=False,
        curve=curve,
        notes={"parameters": sum(p.numel() for p in network.parameters())},
    )


single = partial(_learn, 1)
ensemble = partial(_learn, 8)


class _Training:
    """Epochs until the validation loss has not improved for a while, or the time is over."""

    def __init__(
        self,
        network: Network,
        pieces: Pieces,
        data: Data,
        seed: int,
        seconds: float,
    ) -> None:
        self._network, self._data = network, data
        self._end = time.perf_counter() + seconds
        self._seconds = seconds
        self._train = _tensors(pieces, data.train)
        self._validation = _tensors(pieces, data.validation)
        self._batch = int(np.clip(len(data.train) // 32, 32, 512))
        self._generator = torch.Generator().manual_seed(seed)
        self._optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)

    def run(self) -> Curve:
        """Train; the network ends with the weights of its best epoch."""
        epochs = self._affordable()
        steps = epochs * -(-len(self._data.train) // self._batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, RATE, total_steps=max(steps, 2), pct_start=0.1
        )
        best, losses = (np.inf, copy.deepcopy(self._network.state_dict())), []
        for epoch in range(epochs):
            self._epoch(schedule)
            losses.append(self._loss())
            if losses[-1] < best[0]:
                best = (losses[-1], copy.deepcopy(self._network.state_dict()))
            late = time.perf_counter() > self._end
            if late or epoch - int(np.argmin(losses)) >= PATIENCE:
                break
        self._network.load_state_dict(best[1])
        self._network.eval()
        return Curve("epochs", tuple(range(1, len(losses) + 1)), tuple(losses), "validation loss")

    def _affordable(self) -> int:
        """Epochs that fit into the time, by a few steps that are undone."""
        kept = copy.deepcopy(self._network.state_dict())
        optimizer = copy.deepcopy(self._optimizer.state_dict())
        took = []
        for rows in list(self._batches())[:PROBE_STEPS]:
            started = time.perf_counter()
            self._step(rows)
            took.append(time.perf_counter() - started)
        step = min(took)  # the first ones are slower
        self._network.load_state_dict(kept)
        self._optimizer.load_state_dict(optimizer)
        epoch = step * -(-len(self._data.train) // self._batch)
        return int(np.clip(0.85 * self._seconds / epoch, 3, EPOCHS))

    def _batches(self) -> Any:
        order = torch.randperm(len(self._data.train), generator=self._generator)
        return order.split(self._batch)

    def _epoch(self, schedule: Any) -> None:
        for rows in self._batches():
            self._step(rows)
            schedule.step()

    def _step(self, rows: Tensor) -> None:
        dense, codes, target = (tensor[rows] for tensor in self._train)
        self._network.train()
        forgotten = torch.rand(codes.shape, generator=self._generator) < FORGET
        codes = torch.where(forgotten, self._unseen(), codes) if codes.shape[1] else codes
        loss = self._losses(self._network(dense, codes), target)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()

    def _unseen(self) -> Tensor:
        return torch.from_numpy(Pieces.of_codes(self._data.train.rows) + UNSEEN)

    def _losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """The mean of the members' own losses: each learns by itself."""
        members, n, outputs = scores.shape
        repeated = target.expand(members, n).reshape(-1)
        flat = scores.reshape(-1, outputs)
        if self._data.n_classes:
            return F.cross_entropy(flat, repeated)
        return F.mse_loss(flat[:, 0], repeated)

    def _loss(self) -> float:
        """The loss of the members' mean on the validation rows."""
        dense, codes, target = self._validation
        scores = _mean(self._network, dense, codes, self._data)
        if self._data.n_classes:
            return float(F.nll_loss(scores, target))
        return float(F.mse_loss(scores[:, 0], target))


def _tensors(pieces: Pieces, part: Part) -> tuple[Tensor, Tensor, Tensor]:
    """Dense columns, codes with their offsets, and the target."""
    dense = torch.from_numpy(pieces.dense(part.rows.numbers))
    codes = torch.from_numpy(part.rows.codes + pieces.offsets)
    if part.target.dtype.kind == "i":
        return dense, codes, torch.from_numpy(part.target)
    return dense, codes, torch.from_numpy(part.target.astype(np.float32))


@torch.no_grad()
def _mean(network: Network, dense: Tensor, codes: Tensor, data: Data) -> Tensor:
    """Log of the members' mean probability [n, classes], or their mean value [n, 1]."""
    network.eval()
    parts = []
    for d, c in zip(dense.split(4096), codes.split(4096), strict=True):
        scores = network(d, c)
        if data.n_classes:
            parts.append(torch.log(scores.softmax(dim=2).mean(dim=0).clamp_min(1e-7)))
        else:
            parts.append(scores.mean(dim=0))
    return torch.cat(parts)


def _scores(network: Network, pieces: Pieces, rows: Encoded, data: Data) -> Scores:
    dense = torch.from_numpy(pieces.dense(rows.numbers))
    codes = torch.from_numpy(rows.codes + pieces.offsets)
    scores: NDArray[np.float64] = _mean(network, dense, codes, data).numpy().astype(np.float64)
    return scores
