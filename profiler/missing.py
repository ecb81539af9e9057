"""Texts that mark a missing value."""

from __future__ import annotations

# The texts that pandas reads as missing, and the question mark of the UCI tables, in lower case.
# "-" is not one of them: in credit data it is a class beside "+".
MISSING_MARKERS = frozenset(
    {"", "na", "n/a", "nan", "-nan", "null", "none", "nil", "<na>", "#n/a", "#na", "?", "nat"}
)
