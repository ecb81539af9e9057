"""The parts of images, rows and texts that explanations take away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.batch import Batch
from contract.tensors import Input
from service.errors import InvalidError
from service.explain.players import ColumnParts, Patches, Words
from service.explain.question import Question


def image_input(layout: str, row: tuple[int, ...], datatype: str = "UINT8") -> Input:
    return Input.model_validate(
        {"name": "images", "datatype": datatype, "shape": (-1, *row), "content": "image",
         "layout": layout}
    )  # fmt: skip


def patches(layout: str, row: tuple[int, ...], datatype: str = "UINT8") -> tuple[Patches, Any]:
    image = (
        np.random.default_rng(0).integers(1, 255, row).astype("u1" if datatype == "UINT8" else "f4")
    )
    samples = Batch({"images": np.zeros((3, *row), image.dtype)})
    return Patches(
        image_input(layout, row, datatype), Batch({"images": image[None]}), samples
    ), image


@pytest.mark.parametrize(
    ("layout", "row"),
    [("HW", (28, 28)), ("HW", (10, 31)), ("HWC", (20, 14, 3)), ("CHW", (3, 14, 20)),
     ("HW", (3, 2))],
)  # fmt: skip
@pytest.mark.parametrize("datatype", ["UINT8", "FP32"])
def test_patches_of_every_layout(layout: str, row: tuple[int, ...], datatype: str) -> None:
    players, image = patches(layout, row, datatype)
    everything = np.ones((1, players.count), bool)
    np.testing.assert_array_equal(players.rows(everything, 0)["images"][0], image)
    assert not players.rows(~everything, 0)["images"].any()
    contributions = np.random.default_rng(1).normal(size=players.count)
    attribution = np.asarray(players.attribution(contributions))
    assert attribution.shape == row
    assert attribution.sum() == pytest.approx(contributions.sum())
    squares = players.squares()
    assert squares.any(axis=0).all()


def test_a_patch_that_is_as_typical_as_can_be_is_no_player() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[5, 6] = 200
    samples = Batch({"images": np.zeros((2, 28, 28), np.uint8)})
    players = Patches(image_input("HW", (28, 28)), Batch({"images": image[None]}), samples)
    assert players.count == 1
    attribution = np.asarray(players.attribution(np.array([16.0])))
    assert attribution[4:8, 4:8].sum() == 16.0
    assert attribution.sum() == 16.0
    blank = Batch({"images": np.zeros((1, 28, 28), np.uint8)})
    assert Patches(image_input("HW", (28, 28)), blank, samples).count == 0


def column(name: str, content: str, datatype: str, columns: tuple[str, ...]) -> Input:
    shape = (-1, len(columns)) if len(columns) > 1 else (-1,)
    return Input.model_validate(
        {"name": name, "datatype": datatype, "shape": shape, "content": content,
         "columns": columns}
    )  # fmt: skip


def test_columns_of_one_wide_tensor_and_of_their_own() -> None:
    inputs = (
        column("numbers", "number", "FP32", ("a", "b", "c")),
        column("city", "category", "BYTES", ("city",)),
    )
    row = Batch({"numbers": np.array([[1, 2, 3]], np.float32), "city": np.array(["Ulm"], object)})
    samples = Batch(
        {"numbers": np.array([[9, 8, 7], [6, 5, 4]], np.float32),
         "city": np.array(["Bern", ""], object)}
    )  # fmt: skip
    players = ColumnParts(inputs, row, samples)
    assert (players.count, players.backgrounds) == (4, 2)
    found = players.rows(np.array([[True, False, True, False], [False, False, False, True]]), 1)
    assert found["numbers"].tolist() == [[1, 5, 3], [6, 5, 4]]
    assert found["city"].tolist() == ["", "Ulm"]
    assert [found[name].dtype.kind for name in ("numbers", "city")] == ["f", "O"]
    assert players.attribution(np.arange(4.0)) == {"a": 0.0, "b": 1.0, "c": 2.0, "city": 3.0}


def words(text: str) -> Words:
    tensor = column("text", "text", "BYTES", ("text",))
    question = Question(2, Batch({"text": np.array([text], object)}), 0, lambda rows: np.zeros(1))
    return Words(tensor, question)


@pytest.mark.parametrize("text", ["hello big world", "  spaces  before and after  ", "one"])
def test_all_words_are_the_text_itself(text: str) -> None:
    players = words(text)
    everything = np.ones((1, players.count), bool)
    assert players.rows(everything, 0)["text"].tolist() == [text]
    assert players.rows(~everything, 0)["text"].tolist() == [""]
    listed = players.attribution(np.ones(players.count))
    assert [one["text"] for one in listed] == text.split()
    assert "".join(text[one["start"] : one["end"]] for one in listed) == text


def test_long_texts_are_taken_in_runs_of_words() -> None:
    text = " ".join(f"w{i}" for i in range(200))
    players = words(text)
    assert players.count == 50
    assert players.rows(np.ones((1, 50), bool), 0)["text"].tolist() == [text]


def test_a_text_without_a_word_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidError, match=r"instances\[2\] is a text without a word"):
        words("  \n")
