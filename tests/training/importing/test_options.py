"""The small languages of the options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training.errors import ImportModelError
from training.importing.options import (
    parse_columns,
    parse_inputs,
    parse_labels,
    parse_names,
    parse_outputs,
    parse_pairs,
    parse_shapes,
)
from training.importing.pixels import Pixels, parse_pixels


def test_names_may_hold_commas_in_quotes() -> None:
    assert parse_labels('<=50K,">50K, rich"') == ("<=50K", ">50K, rich")


def test_labels_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("tench\ngoldfish, carassius\n")
    assert parse_labels(f"@{tmp_path / 'labels.txt'}") == ("tench", "goldfish, carassius")


def test_pairs_and_shapes() -> None:
    assert parse_columns(["X=a,b", "z=c"]) == {"X": ("a", "b"), "z": ("c",)}
    assert parse_shapes(["images=3,224,224"]) == {"images": (3, 224, 224)}
    assert parse_inputs(["x=image:CHW"]) == {"x": "image:CHW"}
    assert parse_outputs(["y=interval:0.9"]) == {"y": "interval:0.9"}


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("0-255", Pixels()),
        ("0-1", Pixels(1 / 255)),
        ("scale=2,std=3", Pixels(2.0, std=(3.0,))),
        ("imagenet", Pixels(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))),
        ("mean=1:2:3", Pixels(mean=(1.0, 2.0, 3.0))),
    ],
)
def test_pixels(text: str, pixels: Pixels) -> None:
    assert parse_pixels(text) == pixels


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (Pixels(), "pixel"),
        (Pixels(0.5), "pixel * 0.5"),
        (Pixels(1, (2.0,), (3.0,)), "(pixel - 2) / 3"),
        (Pixels(2, (1.0, 2.0), (1.0, 3.0)), "(pixel * 2 - [1, 2]) / [1, 3]"),
    ],
)
def test_pixels_in_words(pixels: Pixels, words: str) -> None:
    assert str(pixels) == words


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (lambda t: parse_names("--drop", t), "a,,b", "--drop 'a,,b' must be different names"),
        (lambda t: parse_names("--drop", t), "a,a", "different names"),
        (parse_labels, "@/nowhere.txt", "cannot be read"),
        (lambda t: parse_pairs("--output", [t]), "label", "must be NAME=VALUE"),
        (lambda t: parse_pairs("--output", [t, t]), "a=b", "each name once"),
        (lambda t: parse_shapes([t]), "x=3,-1", "positive sizes"),
        (lambda t: parse_inputs([t]), "x=picture", "must be one of image, number"),
        (lambda t: parse_outputs([t]), "y=logits", "must be one of label, label-index"),
        (lambda t: parse_outputs([t]), "y=interval:1.5", "must be one of"),
        (parse_pixels, "0-2", "--pixels '0-2' must be one of 0-255, 0-1, imagenet"),
        (parse_pixels, "scale=0", "must be one of"),
        (parse_pixels, "std=1:0:1", "must be one of"),
        (parse_pixels, "mean=nan", "must be one of"),
        (parse_pixels, "scale=1:2:3", "must be one of"),
        (parse_pixels, "mean=1,mean=2", "must be one of"),
    ],
)
def test_a_wrong_text_is_named(parse: Callable[[str], Any], text: str, message: str) -> None:
    with pytest.raises(ImportModelError, match=message):
        parse(text)


def test_a_file_of_labels_names_each_once(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("a\n\nb\n")
    with pytest.raises(ImportModelError, match="one a line"):
        parse_labels(f"@{tmp_path / 'labels.txt'}")
