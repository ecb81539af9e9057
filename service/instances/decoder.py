"""Which decoder a model needs, from the content of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from contract.batch import Array, Batch
from contract.manifest import Manifest
from contract.messages import describe, short
from contract.tensors import Input
from service.errors import InvalidError, TooLargeError
from service.instances import images
from service.instances.arrays import ArrayDecoder
from service.instances.columns import ColumnDecoder


@dataclass(frozen=True)
class InstanceLimits:
    """What the instances of one request may cost: rows, and pixels of an encoded picture."""

    max_rows: int
    max_pixels: int


class Decoded(NamedTuple):
    """The rows of a request, ready to run; `warnings` are sentences for the client."""

    batch: Batch
    warnings: Sequence[str] = ()


class Decoder(Protocol):
    """Instances of one model to arrays. Safe to call from several threads."""

    def decode(self, instances: list[Any], *, booleans: bool = True) -> Decoded:
        """The arrays of the model's inputs.

        Args:
            instances: at least one, as JSON values.
            booleans: False when the body is known to hold no JSON boolean.

        Raises:
            InvalidError: naming the instance and what it must be.
        """


def check_instances(instances: Any, max_rows: int) -> list[Any]:
    """The instances of a request, if they are an array of a size that is allowed.

    Raises:
        InvalidError: missing, no array, or empty.
        TooLargeError: more than `max_rows`.
    """
    if instances is None:
        raise InvalidError("instances is missing; send an array of rows", loc=["instances"])
    if not isinstance(instances, list):
        raise InvalidError(
            f"instances is {describe(instances)}; it must be an array of rows", loc=["instances"]
        )
    if not instances:
        raise InvalidError("instances is empty; send at least one row", loc=["instances"])
    if len(instances) > max_rows:
        raise TooLargeError(
            f"instances holds {len(instances)} rows; at most {max_rows} are allowed per request, "
            "send them in several",
            loc=["instances"],
        )
    return instances


def decoder_of(manifest: Manifest, limits: InstanceLimits) -> Decoder:
    """The decoder of a model's instances."""
    tabular = [tensor for tensor in manifest.inputs if tensor.columns]
    others = [tensor for tensor in manifest.inputs if not tensor.columns]
    if not others:
        return _Columns(ColumnDecoder(tabular))
    decoders = [_field(tensor, limits) for tensor in others]
    if not tabular and len(others) == 1:
        return _Single(others[0].name, decoders[0])
    columns = ColumnDecoder(tabular) if tabular else None
    return _Mixed(columns, dict(zip((tensor.name for tensor in others), decoders, strict=True)))


# The values of one input, the name of its place in an instance, and whether there may be booleans.
_Field = Callable[[list[Any], str, bool], Array]


def _field(tensor: Input, limits: InstanceLimits) -> _Field:
    if tensor.content == "image" and tensor.datatype == "UINT8" and tensor.layout == "HW":
        return lambda values, _, booleans: images.decode(
            values, tensor.row, limits.max_pixels, booleans=booleans
        )
    arrays = ArrayDecoder(tensor)
    return lambda values, name, _: arrays.decode(values, name)


class _Columns:
    def __init__(self, columns: ColumnDecoder) -> None:
        self._columns = columns

    def decode(self, instances: list[Any], *, booleans: bool = True) -> Decoded:
        return Decoded(self._columns.decode(instances))


class _Single:
    """Models of one input: an instance is its value."""

    def __init__(self, name: str, field: _Field) -> None:
        self._name = name
        self._field = field

    def decode(self, instances: list[Any], *, booleans: bool = True) -> Decoded:
        return Decoded(Batch({self._name: self._field(instances, "", booleans)}))


class _Mixed:
    """Models of several inputs: an instance is an object by input or column name."""

    def __init__(self, columns: ColumnDecoder | None, fields: dict[str, _Field]) -> None:
        self._columns = columns
        self._fields = fields

    def decode(self, instances: list[Any], *, booleans: bool = True) -> Decoded:
        for i, instance in enumerate(instances):
            self._check(instance, i)
        arrays: dict[str, Array] = {}
        for name, field in self._fields.items():
            values = [instance[name] for instance in instances]
            arrays[name] = field(values, f".{name}", booleans)
        if self._columns is not None:
            rows = [{k: v for k, v in i.items() if k not in self._fields} for i in instances]
            arrays |= self._columns.decode(rows).arrays
        return Decoded(Batch(arrays))

    def _check(self, instance: Any, i: int) -> None:
        known = [*self._fields, *(self._columns.columns if self._columns else ())]
        if type(instance) is not dict:
            raise InvalidError(
                f"instances[{i}] is {describe(instance)}; it must be an object with "
                f"{', '.join(known)}",
                loc=["instances", i],
            )
        for name in instance:
            if name not in known:
                raise InvalidError(
                    f"instances[{i}] has {short(name)}, which the model does not take; it takes "
                    f"{', '.join(known)}",
                    loc=["instances", i, name[:100]],
                )
        for name in self._fields:
            if name not in instance:
                raise InvalidError(
                    f"instances[{i}] lacks {short(name)}; send it with every row",
                    loc=["instances", i, name[:100]],
                )
