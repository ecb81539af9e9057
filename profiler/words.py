"""Texts with a meaning: those that mark a missing value, and pairs that are booleans."""

from __future__ import annotations

# The texts that pandas reads as missing, and the question mark of the UCI tables, in lower case.
# "-" is not one of them: in credit data it is a class beside "+".
MISSING_MARKERS = frozenset(
    {"", "na", "n/a", "nan", "-nan", "null", "none", "nil", "<na>", "#n/a", "#na", "?", "nat"}
)
BOOLEAN_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        ("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"), ("0", "1"),
        ("ja", "nein"), ("oui", "non"), ("sí", "no"), ("si", "no"), ("wahr", "falsch"),
        ("vrai", "faux"),
    )
)  # fmt: skip
