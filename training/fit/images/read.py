"""A folder or zip of pictures in class folders -> a problem."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import FitError
from training.fit.images.candidates.catalogue import BACKBONE
from training.fit.images.files import SUFFIXES, Files, open_files
from training.fit.images.kind import ImageKind
from training.fit.images.pictures import Header, PictureError, decode, header
from training.fit.images.rows import Images, Pixels
from training.fit.images.weights import MISSING, weights_file
from training.fit.options import Options
from training.fit.problem import Problem

# What is predicted, as the plan and the manifest name it.
TARGET = "class"
LEAST_IMAGES, LEAST_CLASS, MOST_CLASSES = 50, 5, 200
# The side of a model's images: what the pretrained network sees; below, nothing can be seen.
MOST_SIDE, LEAST_SIDE, STEP = 224, 8, 32
MOST_BYTES = 2 * 2**30
# A folder of which more cannot be read is the wrong folder.
MOST_BROKEN = 0.1
_NAMED = 10
_SPLITS = frozenset(
    {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval"}
)


@dataclass(frozen=True)
class _Found:
    """Pictures by name, with the class of each, and what is left out. outside: in no class."""

    classes: Mapping[str, str]
    outside: int


def read_images(options: Options) -> Problem:
    """Read every picture.

    Raises:
        FitError: the folder, a picture or an option cannot be used.
    """
    _check_options(options)
    files = open_files(options.file)
    found = _classes(options, files.names())
    headers, digests, broken = _headers(files, list(found.classes))
    size, resized = common_size(list(headers.values()))
    pixels, names, more = _pixels(files, list(headers), size)
    broken |= more
    _check_broken(options, broken, len(found.classes))
    labels = tuple(sorted(set(found.classes.values())))
    target = np.array([labels.index(found.classes[name]) for name in names], np.int64)
    _check_counts(options, target, labels)
    rows = Images.of(_grey_if_grey(pixels))
    twins = twins_of(rows.pixels)
    return Problem(
        kind=ImageKind(resized),
        rows=rows,
        target_name=TARGET,
        target=target,
        labels=labels,
        task="classification",
        twins=twins,
        groups=twins,
        time=None,
        facts={"modalities": ["image"], "n_rows": len(names), "n_labelled": len(names)},
        sha256={options.file.name: _digest([(name, digests[name]) for name in names])},
        left_out=_left_out(broken),
        unlabelled=found.outside,
    )


def _check_options(options: Options) -> None:
    """Refuse what is for columns."""
    for option, given in (
        ("--group", options.groups),
        ("--time", options.time),
        ("--text", options.text),
        ("--keep", options.keep),
        ("--drop", options.drop),
    ):
        if given:
            raise FitError(f"{option} names a column, which images do not have; leave it out")
    if options.task == "regression":
        raise FitError(
            "--task regression needs numbers to predict, but the class of an image is its folder; "
            "leave it out"
        )


def _classes(options: Options, names: Sequence[str]) -> _Found:
    """The class of each file: the first folder below a root that all share.

    Raises:
        FitError: there are no class folders, or folders of a split.
    """
    pictures = [name for name in names if name.lower().endswith(SUFFIXES)]
    paths = {name: name.split("/") for name in pictures}
    while paths and all(len(p) > 1 for p in paths.values()):
        if len({p[0] for p in paths.values()}) > 1:
            break
        paths = {name: p[1:] for name, p in paths.items()}
    classes = {name: p[0] for name, p in paths.items() if len(p) > 1}
    folders = sorted(set(classes.values()))
    if splits := [folder for folder in folders if folder.lower() in _SPLITS]:
        raise FitError(
            f"{options.file} holds {splits[0]!r}, a folder of a split and not of a class; fit "
            "makes its own splits, so give the class folders of one split, or of all of them "
            "together"
        )
    if len(folders) < 2:
        raise FitError(
            f"{options.file} holds {len(pictures):,} pictures in {len(folders)} class folders; put "
            "the pictures of each class into a folder of its own, at least two"
        )
    if len(folders) > MOST_CLASSES:
        raise FitError(
            f"{options.file} holds {len(folders):,} class folders; the limit is {MOST_CLASSES}: "
            "merge some"
        )
    return _Found(classes, len(names) - len(classes))


def _headers(
    files: Files, names: Sequence[str]
) -> tuple[dict[str, Header], dict[str, str], dict[str, str]]:
    """The size and SHA-256 of each picture by name, and why others are left out."""
    headers, digests, broken = {}, {}, {}
    for name in names:
        data = files.read(name)
        try:
            headers[name] = header(data)
        except PictureError as error:
            broken[name] = str(error)
            continue
        digests[name] = hashlib.sha256(data).hexdigest()
    if not headers:
        name, why = next(iter(broken.items()))
        raise FitError(f"no picture can be read, for example {name!r}: {why}")
    return headers, digests, broken


def common_size(headers: Sequence[Header]) -> tuple[tuple[int, int], str]:
    """The size (height, width) of a model's images, and how pictures become it, in words.

    Pictures of one size keep it, up to `MOST_SIDE` on the longer side. Others become squares with
    the median of their longer sides, in steps of 32.

    Raises:
        FitError: the pictures are too small.
    """
    sizes = Counter((h.height, h.width) for h in headers)
    if len(sizes) == 1:
        ((height, width),) = sizes
        factor = min(1.0, MOST_SIDE / max(height, width))
        size = max(1, round(height * factor)), max(1, round(width * factor))
        words = "" if factor == 1 else f"scaled from {width}x{height}"
    else:
        longer = float(np.median([max(h.height, h.width) for h in headers]))
        side = int(np.clip(longer // STEP * STEP, STEP, MOST_SIDE))
        size = (side, side)
        words = (
            f"of {len(sizes):,} sizes, scaled with their aspect ratio and padded with the colour "
            "of their border"
        )
    if min(size) < LEAST_SIDE:
        raise FitError(
            f"the pictures are {size[1]}x{size[0]} pixels; at least {LEAST_SIDE} on either side "
            "are needed"
        )
    return size, words


def _pixels(
    files: Files, names: Sequence[str], size: tuple[int, int]
) -> tuple[Pixels, list[str], dict[str, str]]:
    """RGB pixels [n, height, width, 3] of the pictures that decode, their names, and the others."""
    if (needed := len(names) * size[0] * size[1] * 3) > MOST_BYTES:
        raise FitError(
            f"{len(names):,} images of {size[1]}x{size[0]} take {needed / 2**30:.1f} GiB; the "
            f"limit is {MOST_BYTES / 2**30:.0f} GiB: give a sample, or smaller pictures"
        )
    pixels = np.empty((len(names), *size, 3), np.uint8)
    decoded: list[str] = []
    broken: dict[str, str] = {}
    for name in names:
        try:
            pixels[len(decoded)] = decode(files.read(name), size)
        except PictureError as error:
            broken[name] = str(error)
            continue
        decoded.append(name)
    return pixels[: len(decoded)], decoded, broken


def _grey_if_grey(pixels: Pixels) -> Pixels:
    """Pixels [n, height, width] if no image has a colour."""
    if (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def _check_broken(options: Options, broken: Mapping[str, str], pictures: int) -> None:
    if len(broken) > MOST_BROKEN * pictures:
        name, why = next(iter(broken.items()))
        raise FitError(
            f"{len(broken):,} of {pictures:,} pictures of {options.file} cannot be used, more than "
            f"{MOST_BROKEN:.0%}, for example {name!r}: {why}; mend or remove them"
        )


def _left_out(broken: Mapping[str, str]) -> dict[str, str]:
    """The first few by name, the number of the others; and the backbone without its weights."""
    found = dict(list(broken.items())[:_NAMED])
    if len(broken) > _NAMED:
        found[f"{len(broken) - _NAMED:,} more pictures"] = "they cannot be used either"
    if weights_file() is None:
        found[BACKBONE] = MISSING
    return found


def _check_counts(options: Options, target: NDArray[np.int64], labels: tuple[str, ...]) -> None:
    if len(target) < LEAST_IMAGES:
        raise FitError(
            f"{options.file} holds {len(target)} images; at least {LEAST_IMAGES} are needed to "
            "train and to test"
        )
    for label, count in zip(labels, np.bincount(target, minlength=len(labels)), strict=True):
        if count < LEAST_CLASS:
            raise FitError(
                f"class {label!r} has {count} usable images; at least {LEAST_CLASS} are needed, "
                "so add some, merge it with another class, or leave its folder out"
            )


def twins_of(pixels: Pixels) -> NDArray[np.int64]:
    """A number per image, equal where all pixels are; files of the same bytes are among them."""
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in pixels]
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(digest, len(first)) for digest in digests], np.int64)


def _digest(files: Sequence[tuple[str, str]]) -> str:
    """SHA-256 over the names and digests of all pictures that are learnt from."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in files)
    return hashlib.sha256(lines.encode()).hexdigest()
