"""`POST /recommend` and the guide as data, `GET /guide...`, over the pure `guide`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field

from contract.manifest import Manifest
from contract.messages import short
from contract.records import ClassificationMetrics
from guide.decision import Decision, Measurement
from guide.facts import Facts, parse_facts
from guide.recommend import Adviser
from guide.rules import ruleset
from guide.short import ShortDecision, shorten
from guide.tables import Library, library
from service.errors import InvalidError, MalformedError, NotFoundError
from service.http.guide_documents import (
    RuleDocument,
    dump,
    evidence_document,
    guide_index,
    rule_document,
    rules_document,
)
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.serving.repository import Models
from service.strict_json import parse_object
from service.translate_errors import translate_errors

Detail = Literal["short", "full"]
DETAILS: tuple[str, ...] = get_args(Detail)
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

    def recommend_body(self, body: bytes, detail: str = "short") -> bytes:
        """Answer the JSON body of a `/recommend` request, in brief or whole.

        Raises:
            ServiceError: of the kind that fits.
        """
        if detail not in DETAILS:
            raise InvalidError(
                f"query parameter detail is {short(detail)}; it is {' or '.join(DETAILS)}, or left "
                "out"
            )
        decision = self.recommend(parse_object(body, _EXAMPLE))
        document = decision if detail == "full" else shorten(decision)
        return document.model_dump_json().encode()

    def routes(self) -> list[Route]:
        """The decision, and the guide as data, which never changes while the process lives."""
        rules, tables = self._rules, self._library
        others = {path: summary for path, summary in _PAGES.items() if path != "/guide"}
        documents = {
            "/guide": guide_index(rules, tables, others),
            "/guide/rules": rules_document(rules),
            "/guide/comparison": tables.comparison,
            "/guide/architectures": tables.architectures,
            "/guide/evidence": evidence_document(rules, tables),
        }
        pages = [_page(path, document) for path, document in documents.items()]
        return [self._decide_route(), *pages, self._rule_route()]

    def _decide_route(self) -> Route:
        return Route(
            "POST",
            "/recommend",
            self._recommend,
            summary="which approach a problem calls for, and why",
            body={JSON: Facts},
            query={"detail": Annotated[Detail, Field(description="`short` if left out.")]},
            responses=ok(
                ShortDecision | Decision,
                "The decision in brief; with `?detail=full` the whole case for it.",
            ),
            errors=(MalformedError, InvalidError),
        )

    def _rule_route(self) -> Route:
        ids = [rule.id for rule in self._rules.rules]
        return Route(
            "GET",
            "/guide/rules/{id}",
            self._rule,
            summary="one rule, with its studies",
            parameters={"id": Annotated[str, Field(description="Id of a rule.", examples=ids[:1])]},
            responses=ok(RuleDocument),
            errors=(NotFoundError,),
        )

    async def _recommend(self, request: Request) -> Reply:
        return Reply(self.recommend_body(request.body, request.query.get("detail", "short")))

    async def _rule(self, request: Request) -> Reply:
        """One rule, with the studies beside it."""
        wanted = request.parameters["id"]
        for rule in self._rules.rules:
            if rule.id == wanted:
                return reply(dump(rule_document(rule, self._library)))
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


def _page(path: str, document: BaseModel) -> Route:
    """A page of the guide; its body is made once."""
    answer = reply(dump(document))

    async def show(_: Request) -> Reply:
        return answer

    return Route("GET", path, show, summary=_PAGES[path], responses=ok(type(document)))
