"""Names are found in the shapes of PromQL that the rules and the dashboard have."""

from __future__ import annotations

import pytest

from tests.deploy.promql import Matcher, Selector, groupings, selectors

RATIO = 'sum by (a, b) (rate(x_total{r=~"p|q", s!="1"}[5m]))\n / sum by (a) (rate(y[5m])) > 0.01'


def test_metrics_matchers_and_groupings_are_found() -> None:
    first = Selector("x_total", (Matcher("r", "=~", "p|q"), Matcher("s", "!=", "1")))
    assert selectors(RATIO) == [first, Selector("y", ())]
    assert groupings(RATIO) == {"a", "b"}


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ('up{job="j"} == 0', ["up"]),
        ("m == 0", ["m"]),
        ("histogram_quantile(0.99, sum by (le) (rate(m_bucket[5m]))) > 0.5", ["m_bucket"]),
        ("increase(d[15m]) > 3", ["d"]),
        ("rate(a[$__rate_interval]) / (b + c)", ["a", "b", "c"]),
    ],
)
def test_metrics_are_told_from_functions_and_words(expression: str, metrics: list[str]) -> None:
    assert [selector.metric for selector in selectors(expression)] == metrics
