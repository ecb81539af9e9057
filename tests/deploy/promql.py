"""What a PromQL expression refers to: metrics with their matchers, and labels it groups by.

Prometheus itself checks the syntax; this finds the names, so that they can be compared with those
of a server.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Identifiers that are neither metrics nor functions, which are followed by a parenthesis.
_WORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "bool", "group_left", "offset"}
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?(?!\s*[\w:({])")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


class Matcher(NamedTuple):
    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    metric: str
    matchers: tuple[Matcher, ...]


def selectors(expression: str) -> list[Selector]:
    """Every metric of the expression."""
    without = re.sub(r"\[[^]]*\]", "", _GROUPING.sub("", expression))
    found = []
    for match in _SELECTOR.finditer(without):
        name, braces = match.groups()
        if name not in _WORDS and without[match.end() :].lstrip()[:1] != "(":
            found.append(Selector(name, tuple(Matcher(*m) for m in _MATCHER.findall(braces or ""))))
    return found


def groupings(expression: str) -> set[str]:
    """Every label that the expression groups by."""
    return {
        label.strip()
        for inside in _GROUPING.findall(expression)
        for label in inside.split(",")
        if label.strip()
    }
