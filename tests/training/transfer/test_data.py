"""Pictures in MNIST's form, the parts of the data, and draws of labels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contract.mnist_form import BOX, CENTRE
from service.instances.fits.mnist import normalised
from tests.training.fit.images.made import folder
from tests.training.transfer import made
from training.errors import FitError, TransferError
from training.transfer.data import Given, digits, draw, read_data
from training.transfer.mnist_form import in_form, ink_of


@pytest.fixture(scope="module")
def given() -> Given:
    return digits()


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.letters(tmp_path_factory.mktemp("pictures"))


def test_digits_have_mnists_form(given: Given) -> None:
    images = given.parts.train.images
    assert images.shape == (1_197, 28, 28)
    assert images.dtype == np.uint8
    places = np.indices((28, 28))
    for image in images[:100]:
        assert np.ptp(np.argwhere(image > 30), axis=0).max() < BOX
        assert image.max() == 255
        centre = (places * image).sum(axis=(1, 2)) / image.sum()
        assert np.abs(centre - CENTRE).max() < 2  # less than half a pixel unless it would be cut


@pytest.mark.parametrize("dark", [True, False])
def test_a_picture_becomes_what_the_service_makes_of_it(given: Given, *, dark: bool) -> None:
    """`"fit": "mnist"` of the service, on pictures with even light."""
    for digit in given.parts.test.images[:20]:
        large = np.asarray(Image.fromarray(digit).resize((140, 140), Image.Resampling.BICUBIC))
        picture = np.full((180, 220), 20, np.uint8)
        picture[25:165, 60:200] = 20 + large.astype(np.float32) * 0.8
        picture = 255 - picture if dark else picture
        ours, theirs = in_form(picture), normalised(picture)[0]
        assert ours is not None
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.97


def test_an_image_of_mnists_form_stays_as_it_is(given: Given) -> None:
    image = given.parts.test.images[0]
    kept = in_form(image)
    assert kept is not None
    np.testing.assert_array_equal(kept, image)
    turned = in_form(255 - image)
    assert turned is not None
    assert np.corrcoef(turned.ravel(), image.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_blank_picture_has_no_ink(level: int) -> None:
    assert ink_of(np.full((60, 40), level, np.uint8)) is None
    assert in_form(np.full((28, 28, 3), level, np.uint8)) is None


def test_noise_has_no_ink() -> None:
    noise = np.random.default_rng(0).normal(200, 4, (80, 80)).clip(0, 255).astype(np.uint8)
    assert ink_of(noise) is None


def test_a_folder_is_cut_into_parts_that_share_no_image(letters: Path) -> None:
    given = read_data(str(letters))
    parts = given.parts
    assert (parts.name, parts.labels) == ("letters", made.CLASSES)
    assert len(parts.train) + len(parts.validation) + len(parts.test) == 72
    assert 12 <= len(parts.test) <= 16
    seen = {image.tobytes() for image in given.pool.images}
    assert not seen & {image.tobytes() for image in parts.test.images}
    assert parts.train.images.shape[1:] == (28, 28)
    assert list(parts.sha256) == ["letters"]
    again = read_data(str(letters)).parts
    np.testing.assert_array_equal(again.test.images, parts.test.images)


def test_blank_pictures_are_left_out_and_counted(tmp_path: Path) -> None:
    drawn = made.pictures(each=24)
    drawn["L/0.png"] = np.full((60, 60), 7, np.uint8)
    given = read_data(str(folder(tmp_path / "letters", drawn)))
    assert given.notes == ("1 pictures without ink are left out",)
    drawn |= {f"T/{i}.png": np.full((60, 60), i, np.uint8) for i in range(20)}
    with pytest.raises(TransferError, match=r"21 of 72 pictures of .* hold no ink"):
        read_data(str(folder(tmp_path / "blank", drawn)))


def test_a_class_of_equal_pictures_is_refused(tmp_path: Path) -> None:
    drawn = made.pictures(each=24)
    drawn |= {f"T/{i}.png": drawn["T/0.png"] for i in range(24)}
    with pytest.raises(TransferError, match=r"class 'T' has .* add other pictures"):
        read_data(str(folder(tmp_path / "equal", drawn)))


def test_what_is_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="is no folder, no zip and not 'digits'"):
        read_data(str(tmp_path / "nothing"))
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TransferError, match="holds no pictures"):
        read_data(str(tmp_path / "table.csv"))
    with pytest.raises(FitError, match="at least two"):
        read_data(str(folder(tmp_path / "one", {"a/1.png": np.eye(16, dtype=np.uint8)})))


@pytest.mark.parametrize(("each", "held"), [(2, 1), (10, 2), (30, 5), (100, 17)])
def test_a_draw_has_the_same_number_of_every_class(given: Given, each: int, held: int) -> None:
    drawn = draw(given, each, seed=3)
    assert np.bincount(drawn.train.labels).tolist() == [each - held] * 10
    assert np.bincount(drawn.validation.labels).tolist() == [held] * 10
    np.testing.assert_array_equal(drawn.test.images, given.parts.test.images)
    np.testing.assert_array_equal(drawn.train.images, draw(given, each, seed=3).train.images)
    assert drawn.train.images.tobytes() != draw(given, each, seed=4).train.images.tobytes()


def test_digits_have_so_many_labels(given: Given) -> None:
    assert given.most_labels == 135
    assert len(given.parts.test) == 400


def test_a_png_in_colour_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    picture = np.full((60, 90, 3), (250, 240, 230), np.uint8)
    picture[10:50, 40:46] = (20, 30, 120)
    Image.fromarray(picture).save(file, "PNG")
    found = in_form(np.asarray(Image.open(io.BytesIO(file.getvalue()))))
    assert found is not None
    inked = np.argwhere(found)
    assert np.ptp(inked[:, 0]) == BOX - 1
