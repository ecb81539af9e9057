"""Tell sentences from texts that machines write: pixels, lists, JSON, user agents.

All regular expressions are for Rust.
"""

from __future__ import annotations

import polars as pl

# Scripts without spaces between words: two characters count as a word.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# A token with a digit, a bracket or a slash inside is no word, nor is one without a letter.
_NO_WORD = r"[^\s]*[\d=_{}\[\]<>/|\\@][^\s]*"
_NUMBER = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"
NUMBER_LIST = rf"^[\[({{]?\s*{_NUMBER}(?:[\s,;|:]+{_NUMBER}){{4,}}\s*[\])}}]?$"
_BRACKETS = r"^\[(?:\s*[\"'\d\[{-].*|\s*)\]$|^\{(?:\s*[\"'\d].*|\s*)\}$|^\(\s*[\"'\d-].*\)$"
_AGENT = r"^(?:Mozilla|Opera|Dalvik|Lynx|Wget|curl|python-requests|okhttp)/\d"
ENCODED = rf"(?s){NUMBER_LIST}|{_BRACKETS}|{_AGENT}"


def words(texts: pl.Series) -> pl.Series:
    """Number of words in each text, as float64."""
    tokens = texts.str.count_matches(r"\S+")
    spaced = tokens - texts.str.count_matches(_NO_WORD)
    return spaced.cast(pl.Float64) + texts.str.count_matches(_UNSPACED) / 2


def tokens(texts: pl.Series) -> pl.Series:
    """Number of words and of anything else between spaces, as float64."""
    found = texts.str.count_matches(r"\S+").cast(pl.Float64)
    return found + texts.str.count_matches(_UNSPACED) / 2
