"""`mnist`: whatever a digit is drawn on, the model sees it as MNIST would hold it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from service.instances.fits import FitReport, apply
from service.instances.pictures.refused import RefusedError
from service.instances.spec import ImageSpec

MNIST = ImageSpec(28, 28)
RNG = np.random.default_rng(0)
Pixels = np.ndarray


def seven(width: int = 240, height: int = 240, at: tuple[int, int] = (60, 50)) -> Pixels:
    """Ink from 0 to 1: a seven of 93x136 with its top left corner at a place."""
    x, y = at
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).line(
        [(x + 8, y + 8), (x + 92, y + 8), (x + 30, y + 132)], 255, 16, joint="curve"
    )
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1)), np.float32) / 255


def rounded(values: Pixels) -> Pixels:
    return np.asarray(np.rint(values.clip(0, 255)), np.uint8)


def on_paper(ink: Pixels, paper: float | Pixels = 230, strength: float = 0.8) -> Pixels:
    return rounded(paper * (1 - strength * ink))


def fit(pixels: Pixels) -> tuple[Pixels, FitReport]:
    return apply(pixels, MNIST, "mnist")


def image(pixels: Pixels) -> Pixels:
    return fit(pixels)[0]


CLEAN = image(rounded(255 * seven()))


def difference(found: Pixels, expected: Pixels = CLEAN) -> float:
    """Mean difference of the pixels with ink, in the best of the places a pixel apart."""
    moved = (np.roll(found, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    return min(_difference(image.astype(int), expected) for image in moved)


def _difference(found: Pixels, expected: Pixels) -> float:
    inked = (found > 0) | (expected > 0)
    return float(np.abs(found - expected)[inked].mean())


def test_the_digit_fills_twenty_pixels_and_is_centred_by_mass() -> None:
    rows, columns = np.flatnonzero(CLEAN.any(axis=1)), np.flatnonzero(CLEAN.any(axis=0))
    assert [int(np.ptp(where)) + 1 for where in (rows, columns)] == [20, 14]
    y, x = np.indices(CLEAN.shape)
    for axis in (x, y):
        assert (CLEAN * axis).sum() / CLEAN.sum() == pytest.approx(14, abs=0.5)
    assert CLEAN.max() == 255
    assert (CLEAN.shape, CLEAN.dtype.name) == ((28, 28), "uint8")


def test_the_report_says_what_was_done() -> None:
    found, report = fit(np.stack([on_paper(seven(), 231)] * 3, -1))
    assert report.steps == (
        "converted to grey",
        "inverted: dark on light",
        "removed a background of 231",
        "cropped to 93x136",
        "scaled to 14x20",
        "centred by mass",
    )
    assert difference(found) < 10


def test_nothing_is_reported_that_was_not_done() -> None:
    assert fit(CLEAN)[1].steps == ("cropped to 14x20", "centred by mass")
    assert difference(image(CLEAN)) < 12


def noisy(pixels: Pixels) -> Pixels:
    return rounded(pixels + RNG.normal(0, 8, pixels.shape))


ACROSS, DOWN = np.meshgrid(np.linspace(-1, 1, 240), np.linspace(-1, 1, 240))
SHADOW = np.where(ACROSS + 0.3 * DOWN > 0.2, 0.65, 1.0)
PAPERS = {
    "dark on light": on_paper(seven(), 255, 1),
    "light on dark": rounded(40 + 180 * seven()),
    "faint": on_paper(seven(), 180, 0.15),
    "slope": on_paper(seven(), 180 + 50 * ACROSS),
    "shadow": on_paper(seven(), 220 * SHADOW),
    "noise": noisy(on_paper(seven(), 180)),
    "photograph": noisy(on_paper(seven(), (190 + 40 * DOWN) * SHADOW, 0.6)),
    "chalk in uneven light": noisy(60 + 30 * ACROSS + 120 * seven()),
    "0 to 16": rounded(16 * seven()),
    "off centre": on_paper(seven(at=(135, 5))),
    "in the corner": on_paper(seven(at=(0, 0))),
    "large": on_paper(np.kron(seven(), np.ones((4, 4)))),
    "wide": on_paper(seven(320, 240)),
}


@pytest.mark.parametrize("pixels", PAPERS.values(), ids=PAPERS)
def test_the_model_sees_the_same_whatever_it_is_drawn_on(pixels: Pixels) -> None:
    assert difference(image(pixels)) < 25


def test_uneven_light_is_reported() -> None:
    steps = fit(PAPERS["slope"])[1].steps
    assert any(step.startswith("removed an uneven background of 1") for step in steps)


def layered(colour: tuple[int, int, int], behind: Pixels | int = 0) -> Pixels:
    opacity = rounded(255 * np.maximum(seven(), behind))
    return np.dstack([np.full((240, 240, 3), colour, np.uint8), opacity])


def test_transparency_is_laid_on_what_contrasts_with_the_ink() -> None:
    dark, light = fit(layered((20, 0, 60))), fit(layered((255, 250, 240)))
    assert dark[1].steps[:2] == ("laid on white", "converted to grey")
    assert light[1].steps[:2] == ("laid on black", "converted to grey")
    assert max(difference(dark[0]), difference(light[0])) < 10
    nothing = np.zeros((240, 240, 4), np.uint8)
    with pytest.raises(RefusedError, match="holds no ink: all of its pixels are 255"):
        fit(nothing)


def test_a_sheet_on_nothing_continues() -> None:
    sheet = np.zeros((240, 240, 2), np.uint8)
    sheet[20:220, 20:220, 0] = on_paper(seven(), 200)[20:220, 20:220]
    sheet[20:220, 20:220, 1] = 255
    found, report = fit(sheet)
    assert report.steps[0] == "laid on grey 200"
    assert difference(found) < 25


def test_specks_are_dropped_and_parts_of_the_digit_kept() -> None:
    ink = seven()
    ink[10:15, 10:15] = ink[200:205, 30:35] = 1
    assert difference(image(on_paper(ink))) < 12
    # The bar of a five, apart from the rest.
    ink = np.zeros((240, 240), np.float32)
    ink[60:75, 80:140], ink[90:180, 80:95] = 1, 1
    rows = np.flatnonzero(image(on_paper(ink)).sum(axis=1) == 0)
    assert any(8 < row < 20 for row in rows)
    assert np.count_nonzero(image(on_paper(ink)).sum(axis=1)) >= 17


def test_the_edge_of_a_table_is_dropped() -> None:
    pixels = on_paper(seven()).copy()
    pixels[:, :14] = 40
    assert difference(image(pixels)) < 12


def test_paper_without_ink_is_refused() -> None:
    with pytest.raises(RefusedError, match="holds no ink: all of its pixels are 90"):
        image(np.full((50, 60), 90, np.uint8))
    with pytest.raises(RefusedError, match="no ink that stands out from its background"):
        image(noisy(np.full((200, 200), 180.0)))


def test_a_small_picture_has_an_even_background() -> None:
    small = np.asarray(Image.fromarray(on_paper(seven(), 200)).resize((24, 24), 4))
    found, report = fit(small)
    assert "removed a background of 200" in report.steps
    assert difference(found) < 60


@pytest.mark.parametrize("spec", [ImageSpec(32, 32), ImageSpec(28, 28, 3, "CHW")])
def test_it_is_for_models_of_mnist(spec: ImageSpec) -> None:
    message = f"grey 28x28 images, and this one takes {spec.colour} {spec.size}"
    with pytest.raises(RefusedError, match=message):
        apply(CLEAN, spec, "mnist")
