"""Which decoder a model needs, from the content of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from contract.batch import Array, Batch
from contract.manifest import Manifest
from contract.messages import describe, short
from contract.seen import ImageRange
from contract.tensors import Input
from service.errors import InvalidError, TooLargeError
from service.instances.arrays import ArrayDecoder
from service.instances.columns import ColumnDecoder
from service.instances.fits import Fit
from service.instances.image import ImageDecoder
from service.instances.pictures.encode import png_base64
from service.instances.spec import ImageSpec
from service.instances.unlike import TrainingRange


@dataclass(frozen=True)
class InstanceLimits:
    """What the instances of one request may cost: rows, and pixels of an encoded picture."""

    max_rows: int
    max_pixels: int


class Options(NamedTuple):
    """How instances are to be read.

    Attributes:
        fit: how pictures of another form become images of the model.
        return_fitted: True to return the images that the model saw.
        booleans: False when the body is known to hold no JSON boolean, which saves a look.
    """

    fit: Fit = "none"
    return_fitted: bool = False
    booleans: bool = True


class Decoded(NamedTuple):
    """The rows of a request, ready to run.

    Attributes:
        warnings: sentences for the client.
        fitted: what was done to each picture, one JSON object per row; None where nothing was
            asked for.
    """

    batch: Batch
    warnings: Sequence[str] = ()
    fitted: Sequence[Mapping[str, Any]] | None = None


_DEFAULT = Options()


class Decoder(Protocol):
    """Instances of one model to arrays. Safe to call from several threads."""

    def decode(self, instances: list[Any], options: Options = _DEFAULT) -> Decoded:
        """The arrays of the model's inputs.

        Args:
            instances: at least one: JSON values, or `bytes` of an encoded picture.

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
    fields = {
        tensor.name: _field(tensor, limits) for tensor in manifest.inputs if not tensor.columns
    }
    columns = ColumnDecoder(tabular) if tabular else None
    if columns is not None and not fields:
        return _Columns(columns)
    if columns is None and len(fields) == 1:
        return _Single(*fields.popitem())
    return _Mixed(columns, fields)


# The rows of one input, sentences for the client, and what was done to each picture.
_Values = tuple[Array, Sequence[str], Sequence[Mapping[str, Any]] | None]


class _Field(Protocol):
    """Decodes the values of one input."""

    def decode(self, values: list[Any], places: Sequence[str], options: Options) -> _Values:
        """The values as an array; `places` name each in messages."""


def _field(tensor: Input, limits: InstanceLimits) -> _Field:
    return _Images(tensor, limits) if tensor.content == "image" else _Arrays(tensor)


class _Arrays:
    def __init__(self, tensor: Input) -> None:
        self._arrays = ArrayDecoder(tensor)

    def decode(self, values: list[Any], places: Sequence[str], options: Options) -> _Values:
        return self._arrays.decode(values, places), (), None


class _Images:
    def __init__(self, tensor: Input, limits: InstanceLimits) -> None:
        self._spec = ImageSpec.of(tensor)
        self._images = ImageDecoder(tensor, limits.max_pixels)
        seen = tensor.seen[0] if tensor.seen else None
        self._training = None
        if isinstance(seen, ImageRange) and tensor.datatype == "UINT8":
            self._training = TrainingRange(seen, self._spec)

    def decode(self, values: list[Any], places: Sequence[str], options: Options) -> _Values:
        array, reports = self._images.decode(values, places, options.fit, booleans=options.booleans)
        if reports is None and not options.return_fitted:
            return array, self._warnings(array, places), None
        steps = [report.steps for report in reports] if reports else [()] * len(values)
        fitted: list[dict[str, Any]] = [{"steps": list(taken)} for taken in steps]
        if options.return_fitted:
            fitted = [
                {**one, "png": png_base64(self._spec.channels_last(image))}
                for one, image in zip(fitted, self._pixels(array), strict=True)
            ]
        warnings = () if options.fit == "mnist" else self._warnings(array, places)
        return array, warnings, fitted

    def _warnings(self, array: Array, places: Sequence[str]) -> Sequence[str]:
        """Of images that are unlike what training saw; `mnist` has made them alike."""
        if self._training is None:
            return ()
        unlike = self._training.unlike(array)
        return [found.sentence(places[found.index]) for found in unlike] if unlike else ()

    def _pixels(self, array: Array) -> Array:
        if array.dtype != np.uint8:
            raise InvalidError(
                f"return_fitted is true, but the model takes {array.dtype} numbers and not pixels; "
                "leave it out",
                loc=["return_fitted"],
            )
        return array


class _Columns:
    """Models of tables: an instance is an object by column name."""

    def __init__(self, columns: ColumnDecoder) -> None:
        self._columns = columns

    def decode(self, instances: list[Any], options: Options = _DEFAULT) -> Decoded:
        _refuse_fit(options)
        return Decoded(self._columns.decode(instances))


class _Single:
    """Models of one input: an instance is its value."""

    def __init__(self, name: str, field: _Field) -> None:
        self._name = name
        self._field = field
        self._takes_pictures = isinstance(field, _Images)

    def decode(self, instances: list[Any], options: Options = _DEFAULT) -> Decoded:
        if not self._takes_pictures:
            _refuse_fit(options)
        places = [f"instances[{i}]" for i in range(len(instances))]
        array, warnings, fitted = self._field.decode(instances, places, options)
        return Decoded(Batch.aligned({self._name: array}, len(array)), warnings, fitted)


class _Mixed:
    """Models of several inputs: an instance is an object by input or column name."""

    def __init__(self, columns: ColumnDecoder | None, fields: dict[str, _Field]) -> None:
        self._columns = columns
        self._fields = fields
        self._known = [*fields, *(columns.columns if columns else ())]
        self._takes_pictures = any(isinstance(field, _Images) for field in fields.values())

    def decode(self, instances: list[Any], options: Options = _DEFAULT) -> Decoded:
        if not self._takes_pictures:
            _refuse_fit(options)
        for i, instance in enumerate(instances):
            self._check(instance, i)
        arrays: dict[str, Array] = {}
        warnings: list[str] = []
        fitted: list[dict[str, Any]] = [{} for _ in instances]
        for name, field in self._fields.items():
            values = [instance[name] for instance in instances]
            places = [f"instances[{i}].{name}" for i in range(len(instances))]
            arrays[name], sentences, steps = field.decode(values, places, options)
            warnings += sentences
            for one, done in zip(fitted, steps or (), strict=False):
                one[name] = done
        if self._columns is not None:
            rows = [{k: v for k, v in i.items() if k not in self._fields} for i in instances]
            arrays |= self._columns.decode(rows).arrays
        return Decoded(Batch(arrays), warnings, fitted if any(fitted) else None)

    def _check(self, instance: Any, i: int) -> None:
        if type(instance) is not dict:
            raise InvalidError(
                f"instances[{i}] is {describe(instance)}; it must be an object with "
                f"{', '.join(self._known)}",
                loc=["instances", i],
            )
        for name in instance:
            if name not in self._known:
                raise InvalidError(
                    f"instances[{i}] has {short(name)}, which the model does not take; it takes "
                    f"{', '.join(self._known)}",
                    loc=["instances", i, name[:100]],
                )
        for name in self._fields:
            if name not in instance:
                raise InvalidError(
                    f"instances[{i}] lacks {short(name)}; send it with every row",
                    loc=["instances", i, name[:100]],
                )


def _refuse_fit(options: Options) -> None:
    """Raise InvalidError for options of pictures where there are none."""
    if options.fit != "none" or options.return_fitted:
        field = "fit" if options.fit != "none" else "return_fitted"
        raise InvalidError(
            f"{field} is for models that take pictures, and this one takes none; leave it out",
            loc=[field],
        )
