"""The arithmetic of MNIST's form, which training and the service share."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from contract.mnist_form import BOX, SIDE, Ink, centred, cropped, fitted_size, reduced_size

# Of the images below, from the two implementations that this one replaced.
DIGEST = "d35cde3e3dcffcb43d7f5e0273c05aacd95cac7bc721e35c830f6c97e285d606"


def strokes() -> list[Ink]:
    """Blurred random walks of at most 20x20, some thin, some faint."""
    generator = np.random.default_rng(7)
    found = []
    for i in range(60):
        ink = np.zeros((26, 26), np.float32)
        y, x = generator.integers(8, 18, 2)
        for dy, dx in generator.integers(-1, 2, (40, 2)):
            y, x = np.clip((y + dy, x + dx), 3, 22)
            ink[y, x] += np.float32(0.25 + 0.75 * (i % 2))
        ink[:-1] += np.float32(0.5) * ink[1:]
        found.append(ink.clip(0, 1)[3:23, 3:23])
    return found


def test_the_results_are_those_of_before_to_the_bit() -> None:
    images = [centred(cropped(ink)) for ink in strokes()]
    assert hashlib.sha256(np.stack(images).tobytes()).hexdigest() == DIGEST


def test_ink_is_centred_by_mass_and_its_brightest_is_white() -> None:
    for ink in strokes():
        digit = cropped(ink)
        assert digit[[0, -1]].max() > 0.1
        assert digit[:, [0, -1]].max() > 0.1
        image = centred(digit).astype(float)
        assert image.max() == 255
        centre = (np.indices((SIDE, SIDE)) * image).sum(axis=(1, 2)) / image.sum()
        assert np.abs(centre - 14).max() <= 0.51


def test_nothing_is_cut_off_at_the_edge() -> None:
    digit = np.zeros((BOX, BOX), np.float32)
    digit[0] = 1
    digit[:, 0] = 0.2
    assert np.count_nonzero(centred(digit)) == np.count_nonzero(digit)


@pytest.mark.parametrize(
    ("shape", "fitted", "reduced"),
    [
        ((10, 5), (10, 20), (5, 10)),
        ((100, 50), (10, 20), (50, 100)),
        ((1, 400), (20, 1), (160, 1)),
        ((320, 200), (12, 20), (100, 160)),
        ((20, 20), (20, 20), (20, 20)),
    ],
)
def test_sizes_keep_the_aspect_ratio(
    shape: tuple[int, int], fitted: tuple[int, int], reduced: tuple[int, int]
) -> None:
    """Width and height of a height and a width."""
    assert fitted_size(*shape) == fitted
    assert reduced_size(*shape) == reduced
