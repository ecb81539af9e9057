"""Numbers as people write them: `$1,234.50`, `1.234,50`, `12 %`, `(12.50)`, `70 kg`.

A column has one decimal mark and one unit. What does not fit them is no number: it is counted as
stray, or the column is text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from profiler.messages import shown
from profiler.thresholds import THRESHOLDS

DecimalMark = Literal[".", ","]

CURRENCIES = r"US\$|[$€£¥₹₽₩]|USD|EUR|GBP|CHF|JPY|INR|CNY|SEK|NOK|DKK|PLN|Rs\.?"
# Units that may touch their number. A word may be a unit too, but only after a space: `2B` is a
# code, `3 bedrooms` is not.
UNITS = (
    "%|‰|kg|g|mg|µg|μg|lbs?|oz|km|m|cm|mm|µm|μm|nm|mi|ft|in|yd|l|L|ml|mL|cl|gal|s|sec|ms|min|mins"
    "|h|hr|hrs|°C|°F|°|K|Hz|kHz|MHz|GHz|W|kW|kWh|MW|MWh|V|kV|mA|mAh|Pa|kPa|hPa|bar|psi|J|kJ|cal"
    "|kcal|km/h|kmh|kph|mph|m/s|kn|m2|m²|km2|km²|sqft|ha|m3|m³|cc|hp|bhp|kmpl|rpm|Nm|px|dpi|kB|KB"
    "|MB|GB|TB|bps|kbps|Mbps|Gbps|ppm|ppb|dB|mmHg|mg/dl|mg/dL|g/l|g/L|mmol/l|mmol/L"
)
# What stands for a missing number where all other cells hold numbers: SAS and Stata write a point,
# statistical offices a dash, spreadsheets their errors.
NUMBER_MARKERS = (
    "(?i)^(?:[-\u2013\u2014.]{1,3}|\u2026|[*]+|n[.]a[.]|missing|unknown|not available"
    r"|#value!|#div/0!|#ref!|#num!|#name[?])$"
)

# A real minus, and that of East Asian fonts.
_MINUS = "[\u2212\uff0d]"
_TEXT = (
    rf"^(?P<open>\()?\s*(?P<sign>[+-])?\s*(?P<prefix>{CURRENCIES})?\s*(?P<inner>[+-])?\s*"
    r"(?P<body>(?:\d|[.,]\d)[\d.,'\u2019\s]*?)"
    rf"(?:\s*(?P<unit>{CURRENCIES}|{UNITS})|\s+(?P<word>\p{{L}}[\p{{L}}/²³]{{0,14}}))?\s*"
    r"(?P<close>\))?$"
)
_GROUPS = r"(?:\s\d{3})+|(?:['\u2019]\d{3})+"
_BODY: dict[DecimalMark, str] = {
    ".": rf"^(?:\d+|[1-9]\d{{0,2}}(?:(?:,\d{{3}})+|{_GROUPS})|[1-9]\d?(?:,\d{{2}})+,\d{{3}})?"
    r"(?:\.\d*)?$",
    ",": rf"^(?:\d+|[1-9]\d{{0,2}}(?:(?:\.\d{{3}})+|{_GROUPS}))?(?:,\d*)?$",
}
_LIST = r"^\d+(?:,\s*\d+){2,}$"


@dataclass(frozen=True)
class Numbers:
    """The numbers of distinct texts.

    value: float64, null where the text is not a number; note: how they are written, with an
    example, or the empty text if as `1234.5`.
    """

    value: pl.Series
    note: str = ""


def numbers_of(texts: pl.Series, n: pl.Series, mark: DecimalMark) -> Numbers | None:
    """The numbers of a column, or None if it holds other things.

    Args:
        texts: distinct texts without white space around them; n: how often each occurs.
        mark: the decimal mark to assume where `1,234` could be either.
    """
    plain = texts.cast(pl.Float64, strict=False)
    usual = texts.str.replace_all(_MINUS, "-")
    written = plain.is_null() & usual.str.contains(_TEXT)
    if _share(plain.is_not_null() | written, n) < THRESHOLDS.kind_share:
        return None
    found = Numbers(plain)
    if written.any():
        value = _written(usual, n, mark, plain)
        found = Numbers(value, _example(texts, value, plain))
    return found if _share(found.value.is_not_null(), n) >= THRESHOLDS.kind_share else None


def _written(texts: pl.Series, n: pl.Series, assumed: DecimalMark, plain: pl.Series) -> pl.Series:
    """The numbers in the notation and the unit of most texts; null for any other."""
    parts = texts.str.extract_groups(_TEXT).struct.unnest()
    fits = _has_unit(parts, n)
    mark = _mark(texts, n, parts["body"], fits, assumed)
    # Exponents and infinities, which this notation does not have.
    other = texts.str.contains(r"(?i)[einf]") & ~texts.str.contains(r"," if mark == "." else r"\.")
    return (
        pl.DataFrame({"value": _values(parts, mark), "plain": plain})
        .select(
            pl.when(fits & pl.col("value").is_not_null())
            .then("value")
            .when(other)
            .then("plain")
            .alias(texts.name)
        )
        .to_series()
    )


def _has_unit(parts: pl.DataFrame, n: pl.Series) -> pl.Series:
    """True for numbers in the unit of the column. Zero needs no unit, nor does money."""
    word = pl.col("word").str.strip_suffix("s")
    unit = parts.select(pl.coalesce("prefix", "unit", word)).to_series().alias("unit")
    totals = (
        pl.DataFrame([unit, n.alias("n")]).drop_nulls().group_by("unit").sum().sort("n", "unit")
    )
    matched = parts["body"].is_not_null()
    if totals.is_empty():
        return matched
    usual = totals["unit"].tail(1)
    is_money = bool(usual.str.contains(rf"^(?:{CURRENCIES})$")[0])
    bare = unit.is_null() & (parts["body"].str.contains(r"^[0.,]+$") | is_money)
    fits: pl.Series = matched & ((unit == usual[0]) | bare).fill_null(value=False)
    return fits


def _mark(
    texts: pl.Series, n: pl.Series, body: pl.Series, fits: pl.Series, assumed: DecimalMark
) -> DecimalMark:
    """The decimal mark that explains the most texts."""
    if bool(texts.str.contains(_LIST).any()):
        return "."
    point = _share((fits & body.str.contains(_BODY["."])).fill_null(value=False), n)
    comma = _share((fits & body.str.contains(_BODY[","])).fill_null(value=False), n)
    if point == comma:
        return assumed if bool(body.str.contains(",", literal=True).any()) else "."
    return "." if point > comma else ","


def _example(texts: pl.Series, value: pl.Series, plain: pl.Series) -> str:
    """The longest of the texts that are not written as `1234.5`, and its number."""
    odd = value.is_not_null() & ~plain.eq_missing(value)
    frame = pl.DataFrame({"text": texts, "value": value}).filter(odd)
    if frame.is_empty():
        return ""
    text, number = frame.sort(pl.col("text").str.len_chars(), "text").row(-1)
    return f"{shown(text)} as {number:.15g}"


def _share(mask: pl.Series, n: pl.Series) -> float:
    """The share of the cells whose text the mask selects."""
    return float(n.filter(mask).sum()) / max(float(n.sum()), 1.0)


def _values(parts: pl.DataFrame, mark: DecimalMark) -> pl.Series:
    """The numbers of texts that were taken apart, with this decimal mark; null for any other."""
    body = pl.col("body")
    grouping = "," if mark == "." else "."
    digits = body.str.replace_all(rf"[\s'\u2019{grouping}]", "").str.replace(",", ".", literal=True)
    negative = (
        (pl.col("sign").fill_null("") == "-")
        | (pl.col("inner").fill_null("") == "-")
        | pl.col("open").is_not_null()
    )
    paired = pl.col("open").is_null() == pl.col("close").is_null()
    value = digits.cast(pl.Float64, strict=False)
    return parts.select(
        pl.when(body.str.contains(_BODY[mark]) & paired)
        .then(pl.when(negative).then(-value).otherwise(value))
        .alias("number")
    ).to_series()
