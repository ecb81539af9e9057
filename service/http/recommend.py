"""`POST /recommend` and the guide as data, `GET /guide...`, over the pure `guide`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from contract.manifest import Manifest
from contract.messages import short
from contract.records import ClassificationMetrics
from guide.decision import Decision, Measurement
from guide.facts import Facts, allowed, parse_facts
from guide.recommend import Adviser
from guide.rules import FAMILIES, Ruleset, ruleset
from guide.tables import Library, library
from service.errors import NotFoundError
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.route import Route
from service.serving.repository import Models
from service.strict_json import parse_object
from service.translate_errors import translate_errors

_EXAMPLE = '{"modalities": ["tabular"], "n_rows": 20000}'


_PAGES = {
    "/guide": "the guide as data: its facts, tiers and figures",
    "/guide/rules": "every rule with its conditions",
    "/guide/comparison": "the two families side by side",
    "/guide/architectures": "which architecture is for what",
    "/guide/evidence": "the studies beside the guide",
}


class Recommender:
    """The guide over the models of this process."""

    def __init__(self, models: Models) -> None:
        manifests = {s.name: s.manifest for s in models.serving()}
        self._rules = ruleset()
        self._library = library()
        self._adviser = Adviser(
            self._rules, self._library, manifests, measured(manifests, self._library)
        )

    def recommend(self, document: Mapping[str, Any]) -> Decision:
        """Decide on stated facts.

        Raises:
            InvalidError: a fact is unknown or has a value it cannot have.
        """
        with translate_errors():
            return self._adviser.recommend(parse_facts(document))

    def recommend_body(self, body: bytes) -> bytes:
        """Answer the JSON body of a `/recommend` request.

        Raises:
            ServiceError: of the kind that fits.
        """
        decision = self.recommend(parse_object(body, _EXAMPLE))
        return decision.model_dump_json().encode()

    def routes(self) -> list[Route]:
        """The decision, and the guide as data, which never changes while the process lives."""
        documents = {
            "/guide": _index(self._rules, self._library),
            "/guide/rules": _rules(self._rules),
            "/guide/comparison": self._library.comparison.model_dump(),
            "/guide/architectures": self._library.architectures.model_dump(by_alias=True),
            "/guide/evidence": _evidence(self._rules, self._library),
        }
        pages = [
            Route("GET", path, _page(document), summary=_PAGES[path])
            for path, document in documents.items()
        ]
        decide = Route(
            "POST", "/recommend", self._recommend,
            summary="which approach a problem calls for, and why",
        )  # fmt: skip
        one = Route("GET", "/guide/rules/{id}", self._rule, summary="one rule, with its studies")
        return [decide, *pages, one]

    async def _recommend(self, request: Request) -> Reply:
        return Reply(self.recommend_body(request.body))

    async def _rule(self, request: Request) -> Reply:
        """One rule, with the studies beside it."""
        wanted = request.parameters["id"]
        for rule in self._rules.rules:
            if rule.id == wanted:
                studies = [self._library.studies[i].model_dump() for i in rule.studies]
                document = rule.model_dump(by_alias=True, exclude_none=True)
                return reply(document | {"evidence": studies})
        known = ", ".join(rule.id for rule in self._rules.rules)
        raise NotFoundError(f"rule {short(wanted)} is unknown; choose from {known}")


def measured(manifests: Mapping[str, Manifest], tables: Library) -> list[Measurement]:
    """The figures of this service's own models, and the gap that the guide speaks of."""
    found = []
    for name, manifest in manifests.items():
        measured, record = manifest.metrics, manifest.training
        # Without a record of its data a figure says nothing.
        if not isinstance(measured, ClassificationMetrics) or record is None:
            continue
        figures = tables.figures.test_accuracy if _same_data(manifest, tables) else {}
        algorithm = manifest.algorithm or "unknown algorithm"
        found.append(
            Measurement(
                claim=f"test accuracy of {name} ({algorithm}) on {record.data.name}",
                value=measured.accuracy,
                low=measured.accuracy_interval.low,
                high=measured.accuracy_interval.high,
                n=measured.samples,
                guide=figures.get(algorithm),
                models=[name],
            )
        )
    return found + _gaps(manifests, tables)


def _gaps(manifests: Mapping[str, Manifest], tables: Library) -> list[Measurement]:
    """The network's lead over the forest on the guide's own data, where both serve."""
    accuracies = {
        m.algorithm: (m.name, m.metrics)
        for m in manifests.values()
        if _same_data(m, tables) and isinstance(m.metrics, ClassificationMetrics)
    }
    if not {"random_forest", "cnn"} <= set(accuracies):
        return []
    forest, trees = accuracies["random_forest"]
    network, cnn = accuracies["cnn"]
    figures = tables.figures.test_accuracy
    return [
        Measurement(
            claim=f"{network} minus {forest}, test accuracy: what spatial structure is worth",
            value=round(cnn.accuracy - trees.accuracy, 6),
            low=None,
            high=None,
            n=cnn.samples,
            guide=round(figures["cnn"] - figures["random_forest"], 6),
            models=[network, forest],
        )
    ]


def _same_data(manifest: Manifest, tables: Library) -> bool:
    record = manifest.training
    return record is not None and record.data.name.lower() == tables.figures.data.lower()


def _page(document: dict[str, Any]) -> Callable[[Request], Awaitable[Reply]]:
    answer = reply(document)

    async def show(_: Request) -> Reply:
        return answer

    return show


def _index(rules: Ruleset, tables: Library) -> dict[str, Any]:
    return {
        "title": "Classical ML or deep learning: when to use which",
        "source": "Rosenblatt's Perceptron Algorithm (Deep Learning Introduction, part 3 of 3)",
        "ruleset_version": rules.version,
        "facts": {
            name: {"is": allowed(name), "description": field.description}
            for name, field in Facts.model_fields.items()
        },
        "families": FAMILIES,
        "tiers": [tier.model_dump(exclude_none=True) for tier in rules.document.tiers],
        "rules": {rule.id: rule.title for rule in rules.rules},
        "figures": tables.figures.model_dump(),
        "routes": {path: summary for path, summary in _PAGES.items() if path != "/guide"},
    }


def _rules(rules: Ruleset) -> dict[str, Any]:
    return {
        "ruleset_version": rules.version,
        "rules": [rule.model_dump(by_alias=True, exclude_none=True) for rule in rules.rules],
    }


def _evidence(rules: Ruleset, tables: Library) -> dict[str, Any]:
    cited = {
        study: [rule.id for rule in rules.rules if study in rule.studies]
        for study in tables.studies
    }
    return {
        "note": tables.evidence_note,
        "evidence": [
            study.model_dump(exclude_none=True) | {"rules": cited[name]}
            for name, study in tables.studies.items()
        ],
    }
