"""Images unlike those of training draw a reason, one each."""

from __future__ import annotations

import time

import numpy as np
import pytest

from contract.brightness import image_range
from contract.seen import ImageRange, Range
from service.instances.spec import ImageSpec
from service.instances.unlike import TrainingRange


def seen(border: tuple[float, float], mean: tuple[float, float], maximum: float) -> ImageRange:
    return ImageRange(
        content="image",
        border_mean=Range(low=border[0], high=border[1]),
        mean=Range(low=mean[0], high=mean[1]),
        maximum=Range(low=maximum, high=255),
    )


DIGITS = TrainingRange(seen((0, 12.9), (4.3, 152), 169.3), ImageSpec(28, 28))
DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[4:24, 10:18] = 250
FILLED = np.pad(np.full((26, 26), 200, np.uint8), 1)
DOT = np.zeros((28, 28), np.uint8)
DOT[14, 14] = 255

UNLIKE = {
    "is dark on light (border mean 255, expected 0 to 12.9 as in training)": 255 - DIGIT,
    "has a light border (border mean 40, expected 0 to 12.9 as in training)": 40 + DIGIT // 2,
    "is faint (brightest pixel 15, expected 169.3 to 255 as in training)": DIGIT // 16,
    "is nearly empty (mean 0.325, expected 4.3 to 152 as in training)": DOT,
    "is bright all over (mean 172, expected 4.3 to 152 as in training)": FILLED,
}


@pytest.mark.parametrize(("reason", "image"), UNLIKE.items(), ids=UNLIKE)
def test_the_reason_is_named_with_figures_and_advice(reason: str, image: np.ndarray) -> None:
    (found,) = DIGITS.unlike(np.stack([DIGIT, image, DIGIT]))
    assert found.index == 1
    assert found.sentence("instances[1]") == f'instances[1] {reason}; send "fit": "mnist"'


def test_images_like_those_of_training_draw_none() -> None:
    assert DIGITS.unlike(np.stack([DIGIT] * 3)) == []


def test_a_model_of_dark_on_light_expects_it() -> None:
    images = 255 - np.stack([DIGIT, np.roll(DIGIT, 2, 0)])
    paper = TrainingRange(image_range(images), ImageSpec(28, 28))
    assert paper.unlike(images) == []
    (found,) = paper.unlike(DIGIT[None])
    assert found.reason.startswith("is light on dark (border mean 0, expected 170 to 255")
    border = np.full((1, 28, 28), 90, np.uint8)
    border[0, 1:-1, 1:-1] = 80
    assert paper.unlike(border)[0].reason.startswith("has a dark border (border mean 90")


def test_too_bright_pixels_are_named() -> None:
    dim = ImageRange(
        content="image",
        border_mean=Range(low=0, high=255),
        mean=Range(low=0, high=255),
        maximum=Range(low=0, high=100),
    )
    (found,) = TrainingRange(dim, ImageSpec(28, 28)).unlike(DIGIT[None])
    assert found.reason.startswith("has bright pixels (brightest pixel 250, expected 0 to 100")


def test_other_models_get_no_advice_that_does_not_help() -> None:
    spec = ImageSpec(6, 5, 3, "CHW")
    images = np.full((1, 3, 6, 5), 200, np.uint8)
    (found,) = TrainingRange(seen((0, 9), (0, 255), 0), spec).unlike(images)
    assert found.reason == "has a light border (border mean 200, expected 0 to 9 as in training)"


def test_one_image_costs_microseconds() -> None:
    """The best of many rounds, CPU time: 6 us on the machine of docs/results/pictures.json."""
    images, best = DIGIT[None], float("inf")
    for _ in range(50):
        started = time.process_time()
        for _ in range(100):
            DIGITS.unlike(images)
        best = min(best, (time.process_time() - started) / 100)
    assert best < 30e-6
