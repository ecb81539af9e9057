"""`POST /recommend` and the guide as data, `GET /guide...`, over the pure `guide`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from contract.manifest import Manifest
from contract.messages import short
from guide.decision import Decision, Measurement
from guide.facts import Facts, allowed, parse_facts
from guide.recommend import Adviser
from guide.rules import FAMILIES, Ruleset, ruleset
from guide.tables import Library, library
from service.errors import NotFoundError
from service.http.asgi import Reply, Request, Route, reply
from service.inference.repository import Models
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
        """The guide as data; none of it changes while the process lives."""
        documents = {
            "/guide": _index(self._rules, self._library),
            "/guide/rules": _rules(self._rules),
            "/guide/comparison": self._library.comparison.model_dump(),
            "/guide/architectures": self._library.architectures.model_dump(by_alias=True),
            "/guide/evidence": _evidence(self._rules, self._library),
        }
        pages = [
            Route("GET", path, _page(document), says=_PAGES[path])
            for path, document in documents.items()
        ]
        one = Route("GET", "/guide/rules/{id}", self._rule, says="one rule, with its studies")
        return [*pages, one]

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
    figures = tables.figures.test_accuracy
    found = [
        Measurement(
            claim=f"test accuracy of {name} ({m.algorithm}) on {m.training.data.name}",
            value=m.metrics.accuracy,
            low=m.metrics.accuracy_interval.low,
            high=m.metrics.accuracy_interval.high,
            n=m.metrics.samples,
            guide=figures.get(m.algorithm) if _same_data(m, tables) else None,
            models=[name],
        )
        for name, m in manifests.items()
    ]
    return found + _gaps(manifests, tables)


def _gaps(manifests: Mapping[str, Manifest], tables: Library) -> list[Measurement]:
    """The network's lead over the forest on the guide's own data, where both serve."""
    by_algorithm = {m.algorithm: m for m in manifests.values() if _same_data(m, tables)}
    forest, network = by_algorithm.get("random_forest"), by_algorithm.get("cnn")
    if forest is None or network is None:
        return []
    figures = tables.figures.test_accuracy
    return [
        Measurement(
            claim=f"{network.name} minus {forest.name}, test accuracy: what spatial structure is "
            "worth",
            value=round(network.metrics.accuracy - forest.metrics.accuracy, 6),
            low=None,
            high=None,
            n=network.metrics.samples,
            guide=round(figures["cnn"] - figures["random_forest"], 6),
            models=[network.name, forest.name],
        )
    ]


def _same_data(manifest: Manifest, tables: Library) -> bool:
    return manifest.training.data.name.lower() == tables.figures.data.lower()


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
        "routes": {path: says for path, says in _PAGES.items() if path != "/guide"},
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
