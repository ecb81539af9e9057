"""Lines of the measured sets."""

from __future__ import annotations

from benchmarks.fit.text_sets import parse


def test_a_line_is_identifier_rating_and_text() -> None:
    texts, ratings = parse('1\t-0.5\ta\tb "c"\r\n1_2\t3.25\t\u0085 d\u2028e\n')
    assert texts.tolist() == ['a\tb "c"', "\u0085 d\u2028e"]
    assert ratings.tolist() == [-0.5, 3.25]
