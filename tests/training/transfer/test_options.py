"""What the command line refuses, and the names it gives."""

from __future__ import annotations

from typing import Any

import pytest

from training.errors import TransferError
from training.transfer.options import Options, default_model_name, parse_labels


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "Letters"}, "--name 'Letters' must be"),
        ({"freeze": "all"}, "--freeze 'all' must be one of conv, none"),
        ({"seeds": 0}, "--seeds 0 must be from 1 to 100"),
    ],
)
def test_a_wrong_option_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(TransferError, match=words):
        Options(**{"source": "digits-cnn", "data": "digits", "name": "a", **given})


@pytest.mark.parametrize("text", ["", "ten", "10,,30", "1", "-3", "10;30"])
def test_wrong_labels_are_named(text: str) -> None:
    with pytest.raises(TransferError, match=r"--labels .* whole numbers of at least 2"):
        parse_labels(text)


def test_labels_are_sorted() -> None:
    assert parse_labels("100, 10,30,10") == (10, 30, 100)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("digits", "digits-transfer"),
        ("Letters 2024/", "letters-2024-transfer"),
        ("/data/kana.zip", "kana-transfer"),
    ],
)
def test_a_model_is_named_after_its_data(data: str, name: str) -> None:
    assert default_model_name(data) == name
