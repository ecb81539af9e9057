"""The Grafana dashboard, `deploy/grafana/dashboards/rosenblatt.json`, from the table below.

`make docs` writes it. Grafana's JSON says everything several times; the table says it once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

# Provisioned in deploy/grafana/provisioning/datasources.
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT = 12, 8
# As Grafana 10 writes dashboards; later versions read it.
_SCHEMA_VERSION = 39


class Query(NamedTuple):
    """PromQL, and a legend with labels in double braces."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """One graph. `unit` is Grafana's name of it."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    least: int = 0


_HERE = 'job="rosenblatt", instance=~"$instance"'
_MODEL = f'{_HERE}, model=~"$model"'
_NO_PROBE = 'route!~"/livez|/readyz|/v2/health/live|/v2/health/ready"'
_RATE = "[$__rate_interval]"


def _quantiles(metric: str, labels: str, by: str) -> tuple[Query, ...]:
    buckets = f"sum by ({by}, le) (rate({metric}_bucket{{{labels}}}{_RATE}))"
    return tuple(
        Query(f"histogram_quantile({q}, {buckets})", f"p{q * 100:g} {{{{{by}}}}}")
        for q in (0.5, 0.99)
    )


PANELS = (
    Panel(
        "Servers up",
        "1 where /metrics answers.",
        "none",
        (Query(f"up{{{_HERE}}}", "{{instance}}"),),
        "stat",
    ),
    Panel(
        "Model versions",
        "1 serves, 0 was refused when it was loaded; GET /readyz says why.",
        "none",
        (Query(f"rosenblatt_model_ready{{{_MODEL}}}", "{{model}} {{version}}"),),
        "stat",
    ),
    Panel(
        "Requests per second",
        "By route pattern.",
        "reqps",
        (
            Query(
                f"sum by (route) (rate(rosenblatt_http_seconds_count{{{_HERE}}}{_RATE}))",
                "{{route}}",
            ),
        ),
    ),
    Panel(
        "Requests that were not answered with success",
        "4xx is the client's, 500 a bug or a broken model, 503 shedding, 504 past the deadline.",
        "reqps",
        (
            Query(
                f'sum by (status) (rate(rosenblatt_http_seconds_count{{{_HERE}, status!~"2.."}}'
                f"{_RATE}))",
                "{{status}}",
            ),
        ),
    ),
    Panel(
        "Latency of requests",
        "From the headers of a request to the end of its response.",
        "s",
        _quantiles("rosenblatt_http_seconds", f"{_HERE}, {_NO_PROBE}", "route"),
    ),
    Panel(
        "Wait before a batch runs",
        "Grows with load, before rows are dropped.",
        "s",
        _quantiles("rosenblatt_queue_seconds", _MODEL, "model"),
    ),
    Panel(
        "Time to run a batch",
        "Without waiting.",
        "s",
        _quantiles("rosenblatt_compute_seconds", _MODEL, "model"),
    ),
    Panel(
        "Rows per batch",
        "Average. The busier a model is, the larger its batches.",
        "none",
        (
            Query(
                f"sum by (model) (rate(rosenblatt_batch_rows_sum{{{_MODEL}}}{_RATE}))"
                f" / sum by (model) (rate(rosenblatt_batch_rows_count{{{_MODEL}}}{_RATE}))",
                "{{model}}",
            ),
        ),
    ),
    Panel(
        "Rows answered per second",
        "By model and by the execution provider that ran it.",
        "ops",
        (
            Query(
                f"sum by (model, provider) (rate(rosenblatt_predictions_total{{{_MODEL}}}{_RATE}))",
                "{{model}} {{provider}}",
            ),
        ),
    ),
    Panel(
        "Rows not answered per second",
        "full: the queue was; deadline: they waited too long; cancelled: the client left; failed: "
        "the run did; not_finite: the answer was no number.",
        "ops",
        (
            Query(
                f"sum by (model, reason) (rate(rosenblatt_refused_rows_total{{{_MODEL}}}{_RATE}))",
                "{{model}} {{reason}}",
            ),
        ),
    ),
    Panel(
        "Difference from training",
        "Of the last hour, by input; above 1 is more than tolerated: GET /models/{name}/drift.",
        "none",
        (
            Query(
                f"max by (model, input) (rosenblatt_drift_score{{{_MODEL}}})",
                "{{model}} {{input}}",
            ),
        ),
    ),
    Panel(
        "Inputs that drift",
        "1 where the difference is larger than tolerated and beyond chance.",
        "none",
        (Query(f"max by (model, input) (rosenblatt_drifting{{{_MODEL}}})", "{{model}} {{input}}"),),
    ),
    Panel(
        "Rows looked at for drift per second",
        "A sample of those that arrive.",
        "ops",
        (
            Query(
                f"sum by (model) (rate(rosenblatt_drift_rows_total{{{_MODEL}}}{_RATE}))",
                "{{model}}",
            ),
        ),
    ),
    Panel(
        "Verdict on a version that is tried",
        "1 promote, 0 undecided, -1 keep the stable version; GET /models/{name}/rollout says why.",
        "none",
        (
            Query(
                f"max by (model, stable, candidate) (rosenblatt_rollout_verdict{{{_MODEL}}})",
                "{{model}} {{stable}} {{candidate}}",
            ),
        ),
        least=-1,
    ),
    Panel(
        "Requests of rollouts per second",
        "By version, and what became of them; dropped: the shadow was busy.",
        "reqps",
        (
            Query(
                "sum by (model, version, outcome) "
                f"(rate(rosenblatt_rollout_requests_total{{{_MODEL}}}{_RATE}))",
                "{{model}} {{version}} {{outcome}}",
            ),
        ),
    ),
    Panel(
        "Rows that both versions answered",
        "In the shadow; other: the candidate's answer was another.",
        "ops",
        (
            Query(
                f"sum by (model, answer) (rate(rosenblatt_rollout_rows_total{{{_MODEL}}}{_RATE}))",
                "{{model}} {{answer}}",
            ),
        ),
    ),
    Panel(
        "Requests in the log of requests per second",
        "dropped: the writer did not keep up, or the disk was full.",
        "reqps",
        (
            Query(
                f"sum by (outcome) (rate(rosenblatt_logged_requests_total{{{_HERE}}}{_RATE}))",
                "{{outcome}}",
            ),
        ),
    ),
    Panel(
        "Workers that ended unexpectedly",
        "In the last 15 minutes. Each was replaced; the requests it was answering were lost.",
        "none",
        (Query(f"increase(rosenblatt_worker_deaths{{{_HERE}}}[15m])", "{{instance}}"),),
    ),
)


def text() -> str:
    """The dashboard as Grafana provisions it."""
    return json.dumps(document(PANELS), indent=2) + "\n"


def document(panels: Sequence[Panel]) -> dict[str, Any]:
    """The dashboard as an object."""
    return {
        "uid": "rosenblatt",
        "title": "Rosenblatt",
        "tags": ["rosenblatt"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                _variable("instance", 'label_values(up{job="rosenblatt"}, instance)'),
                _variable("model", "label_values(rosenblatt_model_ready, model)"),
            ]
        },
        "panels": [_panel(place, panel) for place, panel in enumerate(panels)],
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    """A list to choose from at the top of the dashboard."""
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "query": query,
        "refresh": 2,  # whenever the time range changes
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panel(place: int, panel: Panel) -> dict[str, Any]:
    """A panel in one of two columns."""
    row, column = divmod(place, 2)
    return {
        "id": place + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": panel.least}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
            }
            for number, query in enumerate(panel.queries)
        ],
    }
