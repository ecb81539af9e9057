"""The protocol's documents about the server and its models: metadata, readiness, statistics."""

from __future__ import annotations

from contract.messages import describe
from contract.tensors import TensorSpec
from service import __version__
from service.errors import InvalidError
from service.protocol import schema
from service.selection import Rejection, Selection
from service.serving.repository import Models, Refusal
from service.strict_json import parse_object, refuse_unknown

# `model_repository` is one more where models can be loaded; its index is served in any case.
EXTENSIONS = ("binary_tensor_data", "classification", "statistics")


def server(loads: bool) -> schema.MetadataServer:
    """`$metadata_server_response`; `loads` says that models can be loaded and unloaded."""
    extensions = [*EXTENSIONS, "model_repository"] if loads else [*EXTENSIONS]
    return {"name": "rosenblatt", "version": __version__, "extensions": extensions}


def model(models: Models, name: str | None, version: str | None) -> schema.MetadataModel:
    """`$metadata_model_response`; `versions` are those that serve.

    Raises:
        ServiceError: there is no such model or version, or it was refused.
    """
    manifest = models.get(name, version).manifest
    return {
        "name": manifest.name,
        "versions": [str(number) for number in sorted(models.served[manifest.name])],
        "platform": manifest.platform,
        "inputs": [_tensor(spec) for spec in manifest.inputs],
        "outputs": [_tensor(spec) for spec in manifest.outputs],
    }


def statistics(models: Models, name: str | None, version: str | None) -> schema.ModelStats:
    """`$stats_model_response` of one version, one model's versions, or all that serve.

    Raises:
        ServiceError: there is no such model or version, or it was refused.
    """
    if name is None:
        chosen = models.all()
    elif version is None:
        models.known(name)
        chosen = [served for served in models.all() if served.name == name]
    else:
        chosen = [models.get(name, version)]
    return {"model_stats": [served.statistics.document() for served in chosen]}


def model_ready(models: Models, name: str | None, version: str | None) -> schema.ModelReady:
    """`$ready_model_response`.

    Raises:
        ServiceError: there is no such model or version, or it was refused.
    """
    return {"name": models.get(name, version).name, "ready": True}


def server_ready(models: Models) -> schema.ServerReady:
    """`$ready_server_response`: as `/readyz`, ready when the default model answers.

    The specification would have all models ready. Here a refused model must not take those that
    serve out of rotation; its own readiness says that it does not.

    Raises:
        ServiceError: the default model does not serve.
    """
    models.get()
    return {"ready": True}


def index(models: Models, body: bytes, selection: Selection) -> list[schema.RepositoryModel]:
    """`$repository_index_response`: every version, and why those that do not serve do not.

    Args:
        selection: holds the versions that the last reload rejected.

    Raises:
        ServiceError: the body is neither empty nor an object that may say `ready`.
    """
    document = parse_object(body, '{"ready": true}') if body else {}
    refuse_unknown(document, {"ready"})
    ready = document.get("ready", False)
    if type(ready) is not bool:
        raise InvalidError(f"ready is {describe(ready)}; it must be true or false")
    found = [_entry(served.name, served.version, "READY", "") for served in models.all()]
    if not ready:
        unavailable: list[Refusal | Rejection] = [*models.refused(), *models.unloaded]
        found += [
            _entry(one.name, one.version, "UNAVAILABLE", one.reason)
            for one in [*unavailable, *selection.rejected]
        ]
    # 10 after 9.
    return sorted(found, key=lambda entry: (entry["name"], len(entry["version"]), entry["version"]))


def _tensor(spec: TensorSpec) -> schema.MetadataTensor:
    """`$metadata_tensor`."""
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _entry(
    name: str, version: str, state: schema.ModelState, reason: str
) -> schema.RepositoryModel:
    return {"name": name, "version": version, "state": state, "reason": reason}
