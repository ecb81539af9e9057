"""The methods that explain a model, the default first."""

from __future__ import annotations

from collections.abc import Mapping

from contract.batch import Batch
from contract.explanations import Explained
from contract.manifest import Manifest
from contract.repository import Entry
from service.explain.graphs import GraphMethod
from service.explain.method import Method
from service.explain.occlusion import Occlusion
from service.explain.players import have_parts
from service.explain.shapley import Shapley
from service.settings import Settings

SAMPLING = (Shapley, Occlusion)


def names_of(manifest: Manifest) -> tuple[str, ...]:
    """Names of the methods; none for a model whose rows have no parts or whose answer is no number.

    A model's own graphs come first: they are exact, and quick.
    """
    if _explained(manifest) is None or not have_parts(manifest.inputs):
        return ()
    return (
        *(one.method for one in manifest.explanations),
        *(method.name for method in SAMPLING),
    )


def methods_of(
    entry: Entry, manifest: Manifest, samples: Batch, settings: Settings
) -> Mapping[str, Method]:
    """The methods of a model by name, in the order of `names_of`.

    Args:
        samples: its golden inputs.
    """
    explains = _explained(manifest)
    if explains is None or not have_parts(manifest.inputs):
        return {}
    found: dict[str, Method] = {
        one.method: GraphMethod(entry, manifest, one, settings) for one in manifest.explanations
    }
    for method in SAMPLING:
        found[method.name] = method(manifest.inputs, samples, explains)
    return found


def _explained(manifest: Manifest) -> Explained | None:
    """The answer that sampling methods explain."""
    if manifest.task == "classification":
        if manifest.output("probabilities"):
            return "probability"
        return "score" if manifest.output("scores") else None
    output = manifest.output("value")
    return "value" if output is not None and output.row_size == 1 else None
