"""Dates and times as they are commonly written, as one regular expression for Rust."""

from __future__ import annotations

_MONTH, _DAY, _YEAR = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])", r"(?:1[5-9]|20|21)\d{2}"
# English, German, French, Spanish, Italian, Portuguese and Dutch; longer names begin so.
_NAME = (
    r"(?:jan|feb|f[eé]v|mar|m[aä]r|mrz|mrt|apr|avr|abr|may|mai|maj|mei|mag|jun|juin|giu|jul|juil|lug"
    r"|aug|ago|ao[uû]|sep|set|oct|okt|ott|out|nov|dec|dez|d[eé]c|dic|ene)\p{L}{0,7}\.?"
)
_WEEKDAY = r"(?:\p{L}{2,9}\.?,? )?"
_NTH = r"(?:st|nd|rd|th|\.)?"
_CLOCK = r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?|\d{1,2} ?[ap]\.?m\.?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d{2}:?\d{2}))?"
_DATE = "|".join(
    (
        rf"{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}",
        rf"{_DAY}[-/.]{_MONTH}[-/.]\d{{4}}",
        rf"{_MONTH}[-/.]{_DAY}[-/.]\d{{4}}",
        rf"{_DAY}[-/]{_MONTH}[-/]\d{{2}}",
        rf"{_MONTH}[-/]{_DAY}[-/]\d{{2}}",
        rf"{_DAY}\.{_MONTH}\.\d{{2}}",
        rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])T\d{{4,6}}",
        # A month, a quarter or a week.
        rf"{_YEAR}[-/]{_MONTH}",
        rf"{_MONTH}/{_YEAR}",
        rf"{_NAME}[-/ ,]+(?:\d{{4}}|'?\d{{2}})",
        rf"(?:{_YEAR}|\d{{2}})[-/ ]{_NAME}",
        rf"{_YEAR}[-/: ]?[QTHSM]\d{{1,2}}|[QT][1-4][-/: ]?{_YEAR}|{_YEAR}-?W\d{{2}}(?:-?\d)?",
        # Written out.
        rf"{_WEEKDAY}(?:the )?{_DAY}{_NTH}[-/ ](?:of |de )?{_NAME}[-/, ]+(?:of |de )?'?\d{{2,4}}",
        rf"{_WEEKDAY}{_NAME}[- ]{_DAY}{_NTH},?[- ]\d{{4}}",
        rf"{_YEAR}[-/ ]{_NAME}[-/ ]{_DAY}",
        rf"\d{{4}} ?年 ?{_MONTH} ?月(?: ?{_DAY} ?日)?",
    )
)
# The date of `asctime`: its year comes last.
_ASCTIME = rf"{_WEEKDAY}{_NAME} +{_DAY} +(?:{_CLOCK}){_ZONE} +\d{{4}}"

DATETIME = (
    rf"(?i)^(?:(?:{_DATE})(?:(?:T|,? +|:|-| at )(?:{_CLOCK}){_ZONE})?"
    rf"|(?:{_CLOCK})(?:,? (?:{_DATE}))?|{_ASCTIME})$"
)
COMPACT_DATE = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
FIRST_COMPACT, LAST_COMPACT = 19000101, 20991231
# Seconds and milliseconds since 1970, from 1990 to 2100, in a column whose name says so.
EPOCHS = ((631_152_000, 4_102_444_800), (631_152_000_000, 4_102_444_800_000))
EPOCH_NAME = r"(?i)(?:timestamp|epoch|unix|(?:^|_)ts$)"
