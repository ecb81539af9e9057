"""What is learnt from: a folder a class, or scikit-learn's digits, in MNIST's form and three parts.

The test part is the same for every seed and number of labels, and nothing is chosen with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.mnist_form import Pixels
from contract.repository import sha256
from training.datasets import Dataset, Split
from training.errors import TransferError
from training.fit.images.files import holds_images
from training.fit.images.read import MOST_BROKEN, TARGET, read_images, twins_of
from training.fit.options import Options as Reading
from training.fit.splits import by_groups
from training.transfer.mnist_form import fitted, in_form
from training.transfer.options import DIGITS

# Of every class: to learn from, to choose and calibrate with, and to test on.
_LEAST_TRAIN = 2
_SPLIT_SEED = 0  # not the user's: the test part does not change with --seed
# scikit-learn's digits: the strongest ink, and images of two parts.
_INK, _DIGITS_TEST, _DIGITS_VALIDATION = 16, 400, 200
_VALIDATION = 6  # one label of so many


@dataclass(frozen=True)
class Given:
    """The data in three parts, and what was done to read it, in sentences."""

    parts: Dataset
    notes: tuple[str, ...]

    @property
    def pool(self) -> Split:
        """All that is not for testing."""
        return self.parts.train + self.parts.validation

    @property
    def most_labels(self) -> int:
        """Images of the rarest class that are not for testing."""
        return int(np.bincount(self.pool.labels, minlength=len(self.parts.labels)).min())


def read_data(data: str) -> Given:
    """Read the data.

    Args:
        data: `digits`, or the path of a folder or zip with a folder a class.

    Raises:
        FitError: a picture or the folder cannot be used.
        TransferError: it is neither, or too few pictures can be used.
    """
    if data == DIGITS:
        return digits()
    path = Path(data)
    if not path.exists():
        raise TransferError(
            f"--data {data!r} is no folder, no zip and not {DIGITS!r}; give pictures in a folder a "
            "class"
        )
    if not holds_images(path):
        raise TransferError(
            f"--data {data!r} holds no pictures; give a folder or a zip with a folder a class"
        )
    return _folder(path)


def digits() -> Given:
    """scikit-learn's 1,797 digits of 8x8, each in MNIST's form.

    Their ink, 0 to 16, is enlarged as any picture's: the bounding box to 20x20 with its aspect
    ratio, bicubic, and the centre of mass to the middle. The first 400 are for testing: the ranges
    of the settings in `approaches` were set with the others.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.stack([fitted(one) for one in (bunch.images / _INK).astype(np.float32)])
    labels = bunch.target.astype(np.int64)
    end = len(labels) - _DIGITS_VALIDATION

    def part(rows: slice) -> Split:
        return Split(images[rows], labels[rows])

    parts = Dataset(
        name=DIGITS,
        train=part(slice(_DIGITS_TEST, end)),
        validation=part(slice(end, None)),
        test=part(slice(_DIGITS_TEST)),
        sha256={"sklearn.datasets.load_digits": sha256(bunch.data.tobytes())},
        split=f"in file order: {_DIGITS_TEST} to test, {end - _DIGITS_TEST:,} to train, "
        f"{_DIGITS_VALIDATION} to validate; fitted to 20x20 and centred by mass",
    )
    return Given(parts, ())


def draw(given: Given, each: int, seed: int) -> Dataset:
    """So many labels of every class, of which a sixth chooses and calibrates; the same test part.

    Args:
        each: at least 2 and at most `given.most_labels`.
    """
    pool, generator = given.pool, np.random.default_rng([seed, each])
    held = -(-each // _VALIDATION)
    train, validation = [], []
    for label in range(len(given.parts.labels)):
        rows = generator.choice(np.flatnonzero(pool.labels == label), each, replace=False)
        validation.append(rows[:held])
        train.append(rows[held:])

    def part(rows: NDArray[np.intp]) -> Split:
        return Split(pool.images[rows], pool.labels[rows])

    return replace(
        given.parts,
        train=part(generator.permutation(np.concatenate(train))),
        validation=part(np.concatenate(validation)),
    )


def _folder(path: Path) -> Given:
    problem = read_images(Reading(file=path, target=TARGET, name="transfer"))
    images, blank = _in_form(problem.rows.pixels)
    if blank.sum() > MOST_BROKEN * len(blank):
        raise TransferError(
            f"{blank.sum():,} of {len(blank):,} pictures of {path} hold no ink that stands out "
            f"from their background, more than {MOST_BROKEN:.0%}; transfer learning from digits "
            "takes strokes on an even background"
        )
    target = problem.target[~blank]
    # Different pictures may have the same form.
    cut = next(by_groups(twins_of(images), target, _SPLIT_SEED, discrete=True))

    def part(rows: NDArray[np.intp]) -> Split:
        return Split(images[rows], target[rows])

    parts = Dataset(
        name=path.resolve().name,
        train=part(cut.train),
        validation=part(cut.validation),
        test=part(cut.test),
        sha256=dict(problem.sha256),
        split="a fifth for testing, a sixth of the rest to choose and calibrate; equal images on "
        "one side",
        labels=problem.labels,
    )
    _check_classes(parts)
    left_out = int(blank.sum())
    notes = [f"{left_out:,} pictures without ink are left out"] if left_out else []
    return Given(parts, tuple(notes))


def _in_form(pixels: Pixels) -> tuple[Pixels, NDArray[np.bool_]]:
    """Images [kept, 28, 28] in the order of the pictures, and which pictures have no ink."""
    found = [in_form(one) for one in pixels]
    kept = [one for one in found if one is not None]
    images = np.stack(kept) if kept else np.zeros((0, 28, 28), np.uint8)
    return images, np.array([one is None for one in found], bool)


def _check_classes(parts: Dataset) -> None:
    for place, label in enumerate(parts.labels):
        train, test = (int(np.sum(one.labels == place)) for one in (parts.train, parts.test))
        if train < _LEAST_TRAIN or test < 1:
            raise TransferError(
                f"class {label!r} has {train} pictures to learn from and {test} to test on once "
                f"equal ones are on one side; {_LEAST_TRAIN} and 1 are needed: add other pictures"
            )
