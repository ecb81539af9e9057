"""`python -m benchmarks faithfulness`: how far explanations of the digits models can be trusted.

For every method of every model, over test images: do the parts that an explanation calls important
matter to the model (deletion and insertion curves against parts in random order), and does the
explanation depend on the model at all (its likeness to that of the model with weights in random
order)? The figures go into the manifests and the cards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, helper, numpy_helper
from scipy import stats

from contract.batch import Batch
from contract.explanations import ATTRIBUTION, TARGET
from contract.faithfulness import Faithfulness
from contract.manifest import MANIFEST_FILE, Manifest
from contract.repository import Entry, audit, entries, write
from service.explain.catalogue import SAMPLING, methods_of
from service.explain.method import Method
from service.explain.players import GRID
from service.explain.question import Question, ask_of
from service.inference.session import Session, load
from service.settings import Settings
from training.card import card
from training.datasets import Dataset
from training.datasets import load as load_data
from training.explain.digits import graphs_of
from training.recipes import RECIPES

IMAGES, RANDOMISED, ORDERS, COVER = 500, 50, 5, 10_000
SIDE = 28 // GRID
_SEED = 0

Floats = NDArray[np.float64]
Images = NDArray[np.uint8]


def main(out: Path, models: Path, images: int = IMAGES) -> int:
    """Measure, write manifests and cards, and the figures as JSON; 1 if a bar is missed."""
    data = load_data("mnist")
    floors = {recipe.name: recipe.floors["mnist"] for recipe in RECIPES}
    settings = Settings(models_dir=models)
    document: dict[str, Any] = {}
    for entry in entries(models):
        if entry.name not in floors:
            continue
        found = list(_measure(entry, settings, data, images))
        _write(entry, found, floors[entry.name])
        document[entry.name] = [one.model_dump() for one in found]
        for one in found:
            sys.stdout.write(f"{entry.name} {one.model_dump_json()}\n")
            sys.stdout.flush()
    out.write_text(json.dumps({"images": images, "models": document}, indent=1) + "\n")
    return int(any(one["p_value"] >= 0.01 for each in document.values() for one in each))


def _measure(entry: Entry, settings: Settings, data: Dataset, images: int) -> Any:
    session = load(entry, settings)
    manifest = session.manifest
    generator = np.random.default_rng(_SEED)
    chosen = data.test.images[generator.choice(len(data.test.images), images, replace=False)]
    targets = session.predict(Batch({"images": chosen}))["label"]
    typical = np.median(session.samples["images"], axis=0).astype(np.uint8)
    curves = _Curves(session, chosen, targets, typical, generator)
    other = _Randomised(entry, data)
    for name, method in methods_of(entry, manifest, session.samples, settings).items():
        maps = np.stack(
            [_map(method, session, i, chosen[i], int(targets[i])) for i in range(images)]
        )
        deletion, insertion = curves.areas(_parts(maps))
        test = stats.wilcoxon(deletion, curves.random_deletion, alternative="less")
        yield Faithfulness(
            method=name,
            samples=images,
            deletion=float(deletion.mean()),
            deletion_at_random=float(curves.random_deletion.mean()),
            insertion=float(insertion.mean()),
            insertion_at_random=float(curves.random_insertion.mean()),
            p_value=float(test.pvalue),
            similarity_to_randomised=other.similarity(
                name, chosen[:RANDOMISED], targets[:RANDOMISED], maps[:RANDOMISED]
            ),
        )


def _map(method: Method, session: Session, place: int, image: Images, target: int) -> Floats:
    row = Batch({"images": image[None]})
    ask = ask_of(session.manifest, session.predict, target)
    found: Floats = np.asarray(method.explain(Question(place, row, target, ask)).attribution)
    return found


def _parts(maps: Floats) -> Floats:
    """Contributions of the squares of each map, [n, squares]."""
    n = len(maps)
    squares: Floats = maps.reshape(n, GRID, SIDE, GRID, SIDE).sum(axis=(2, 4))
    return squares.reshape(n, -1)


class _Curves:
    """Areas of the curves of some images, and of squares in random order."""

    def __init__(
        self, session: Session, images: Images, targets: NDArray[np.int64], typical: Images,
        generator: np.random.Generator,
    ) -> None:  # fmt: skip
        self._session, self._images, self._targets = session, images, targets
        self._typical = typical
        runs = [self.areas(generator.random((len(images), GRID**2))) for _ in range(ORDERS)]
        self.random_deletion: Floats = np.mean([run[0] for run in runs], axis=0)
        self.random_insertion: Floats = np.mean([run[1] for run in runs], axis=0)

    def areas(self, importance: Floats) -> tuple[Floats, Floats]:
        """Of the deletion and of the insertion curve of each image."""
        deletion: list[float] = []
        insertion: list[float] = []
        for i, weights in enumerate(importance):
            rank = np.argsort(np.argsort(-weights))
            gone = rank[None] < np.arange(GRID**2 + 1)[:, None]
            masks = gone.reshape(-1, GRID, 1, GRID, 1)
            masks = np.broadcast_to(masks, (len(gone), GRID, SIDE, GRID, SIDE)).reshape(-1, 28, 28)
            image = self._images[i]
            for where, kept in ((deletion, ~masks), (insertion, masks)):
                shown = np.where(kept, image, self._typical)
                answers = self._session.predict(Batch({"images": shown}))["probabilities"]
                where.append(float(answers[:, self._targets[i]].mean()))
        return np.array(deletion), np.array(insertion)


class _Randomised:
    """The model with its weights in random order, and its explanations."""

    def __init__(self, entry: Entry, data: Dataset) -> None:
        artifact = audit(entry)
        self._manifest, self._samples = artifact.manifest, artifact.golden.inputs
        self._model = randomised(onnx.load_from_string(artifact.graph))
        self._session = ort.InferenceSession(self._model.SerializeToString())
        self._graphs = {
            explanation.method: graph
            for explanation, graph in graphs_of(
                self._model, artifact.manifest, data.train.images[:COVER]
            )
        }

    def similarity(
        self, method: str, images: Images, targets: NDArray[np.int64], maps: Floats
    ) -> float:
        """The mean rank correlation of the squares' contributions with those of the model."""
        found = self._maps(method, images, targets)
        values = [
            stats.spearmanr(one, other).statistic
            for one, other in zip(_parts(maps), _parts(found), strict=True)
            if np.ptp(one) > 0 and np.ptp(other) > 0
        ]
        return float(np.mean(values)) if values else 0.0

    def _maps(self, method: str, images: Images, targets: NDArray[np.int64]) -> Floats:
        if method in self._graphs:
            session = ort.InferenceSession(self._graphs[method])
            found = [
                session.run([ATTRIBUTION], {"images": image[None], TARGET: np.array([target])})[0]
                for image, target in zip(images, targets, strict=True)
            ]
            return np.concatenate(found)
        kind = next(kind for kind in SAMPLING if kind.name == method)
        sampling = kind(self._manifest.inputs, self._samples, "probability")
        return np.stack(
            [
                np.asarray(
                    sampling.explain(
                        Question(i, Batch({"images": image[None]}), int(k), self._ask(int(k)))
                    ).attribution
                )
                for i, (image, k) in enumerate(zip(images, targets, strict=True))
            ]
        )

    def _ask(self, target: int) -> Callable[[Batch], Floats]:
        def ask(rows: Batch) -> Floats:
            (answers,) = self._session.run(["probabilities"], dict(rows.arrays))
            found: Floats = answers[:, target].astype(np.float64)
            return found

        return ask


def randomised(model: ModelProto) -> ModelProto:
    """A copy with the weights of every layer, or the pixels that trees test, in random order."""
    generator, made = np.random.default_rng(_SEED), ModelProto()
    made.CopyFrom(model)
    for node in made.graph.node:
        for attribute in node.attribute:
            if attribute.name == "nodes_featureids":
                shuffled = generator.permutation(np.array(attribute.ints)).tolist()
                attribute.CopyFrom(helper.make_attribute("nodes_featureids", shuffled))
    for initializer in made.graph.initializer:
        array = numpy_helper.to_array(initializer)
        if array.ndim >= 2:
            shuffled = generator.permutation(array.ravel()).reshape(array.shape)
            initializer.CopyFrom(numpy_helper.from_array(shuffled, initializer.name))
    return made


def _write(entry: Entry, found: list[Faithfulness], floor: float) -> None:
    """The manifest and the card with the figures."""
    manifest = audit(entry).manifest.model_copy(update={"faithfulness": tuple(found)})
    checked = Manifest.model_validate(manifest.model_dump())
    present = {path.name: path.read_bytes() for path in entry.path.iterdir() if path.is_file()}
    present.pop(MANIFEST_FILE)
    write(entry.path.parent.parent, checked, {**present, "card.md": card(checked, floor).encode()})
