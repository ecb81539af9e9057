"""A zip of images in class folders -> its profile, from names and image headers alone.

Pillow reads the headers; it may allocate what a header claims, which the child's limits stop.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Each plugin registers its format; `preinit` loads those of the other four.
from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from profiler.archive import Archive, parts_of, refuse_other
from profiler.errors import TargetError, TooLargeError
from profiler.limits import Limits
from profiler.messages import count, listed, shown
from profiler.result import ClassCount, Details, Images, Profile
from profiler.target import balance_warnings, by_size
from profiler.thresholds import THRESHOLDS
from profiler.translate_errors import IMAGE_ERRORS

Image.preinit()
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
# A JPEG that holds several pictures.
_ALIASES = {"MPO": "JPEG"}
# Pillow's own limit warns and then refuses; `Limits.max_pixels` says more.
Image.MAX_IMAGE_PIXELS = None

# Folders of an existing split; the class folders are one level below.
SPLITS = frozenset(
    {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval"}
)


@dataclass(frozen=True)
class _Layout:
    """classes: by size; labelled: images in class folders; root, splits: folders above those."""

    classes: tuple[ClassCount, ...]
    labelled: int
    root: str
    splits: tuple[str, ...]


def profile_images(data: bytes, target: str | None, limits: Limits) -> Profile:
    """Derive the facts of a zip of images.

    Raises:
        TargetError: a target is named.
        ContentError: a member is not an image, or a broken one.
        UnreadableError: the zip or a member of it is broken.
        UnsupportedError: the zip is an Office file or the like.
        TooLargeError: more files, bytes or pixels than the limits.
    """
    archive = Archive(data, limits)
    if target is not None:
        raise TargetError(
            f"target {shown(target)} names a column, but the classes of a zip of images are its "
            "folders; leave it out"
        )
    found = _look(archive, limits)
    names = [info.filename for info in archive.members.infos]
    layout = _layout(names)
    facts, because = _facts(layout, len(names))
    details = Details(
        format="images",
        rows=len(names),
        n_classes=len(layout.classes) or None,
        classes=layout.classes[: THRESHOLDS.listed_classes],
        smallest_class=layout.classes[-1] if layout.classes else None,
        images=found,
        warnings=tuple(_warnings(layout, found)),
        notes=tuple(_notes(layout, len(names), archive)),
    )
    return Profile(facts, because, details)


def _facts(layout: _Layout, images: int) -> tuple[dict[str, object], dict[str, str]]:
    """The facts of a zip with this many images, and the reason for each."""
    facts: dict[str, object] = {"modalities": ["image"], "n_rows": images}
    because = {
        "modalities": f"the file is a zip of {count(images, 'image')}",
        "n_rows": f"the zip holds {count(images, 'image')}",
    }
    if layout.classes:
        facts["n_labelled"] = layout.labelled
        because["n_labelled"] = f"class folders hold {count(layout.labelled, 'image')}"
    if len(layout.classes) > 1:
        facts["task"] = "classification"
        because["task"] = f"the images lie in {count(len(layout.classes), 'class folder')}"
    return facts, because


def _look(archive: Archive, limits: Limits) -> Images:
    """Read the header of every image. No pixel is decoded."""
    formats: Counter[str] = Counter()
    digests: Counter[bytes] = Counter()
    widths, heights = [], []
    for name, data in archive.contents():
        kind, width, height = _header(name, data)
        if width * height > limits.max_pixels:
            raise TooLargeError(
                f"member {shown(name)} is {width}x{height}, {width * height:,} pixels; the limit "
                f"is {limits.max_pixels:,}: shrink it"
            )
        formats[kind] += 1
        widths.append(width)
        heights.append(height)
        digests[hashlib.blake2b(data, digest_size=16).digest()] += 1
    return Images(
        formats=dict(formats.most_common()),
        min_width=min(widths),
        max_width=max(widths),
        min_height=min(heights),
        max_height=max(heights),
        duplicates=len(widths) - len(digests),
    )


def _header(name: str, data: bytes) -> tuple[str, int, int]:
    """Format, width and height of an image, without decoding a pixel.

    Raises:
        ContentError: the member is not an image, or a broken one.
    """
    try:
        # Pillow warns about odd metadata, which do not matter here.
        with warnings.catch_warnings(action="ignore"), _open(data) as image:
            return _ALIASES.get(str(image.format), str(image.format)), image.width, image.height
    except IMAGE_ERRORS:
        refuse_other(name, data)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _layout(names: Sequence[str]) -> _Layout:
    """Find the class folders, below a root that all images share and below split folders."""
    paths = [parts_of(name) for name in names]
    root: list[str] = []
    while all(len(path) > 1 for path in paths) and len({path[0] for path in paths}) == 1:
        root.append(paths[0][0])
        paths = [path[1:] for path in paths]
    tops = {path[0] for path in paths if len(path) > 1}
    splits: tuple[str, ...] = ()
    if tops and all(top.lower() in SPLITS for top in tops):
        splits = tuple(sorted(tops))
        paths = [path[1:] if len(path) > 1 else path for path in paths]
    counts = Counter(path[0] for path in paths if len(path) > 1)
    return _Layout(by_size(counts), counts.total(), "/".join(root), splits)


def _warnings(layout: _Layout, images: Images) -> list[str]:
    warnings = balance_warnings(layout.classes, "image")
    if images.duplicates:
        warnings.append(f"{count(images.duplicates, 'image')} with the same bytes as another")
    return warnings


def _notes(layout: _Layout, images: int, archive: Archive) -> list[str]:
    notes = []
    if layout.root:
        notes.append(f"all images lie in {shown(layout.root)}, which is taken as the root")
    if layout.splits:
        notes.append(f"split folders skipped: {listed(layout.splits)}")
    if not layout.classes:
        notes.append("no class folders, so labelled images, classes and task are not derived")
    elif unlabelled := images - layout.labelled:
        notes.append(f"{count(unlabelled, 'image')} outside class folders, counted as unlabelled")
    if archive.members.ignored:
        notes.append(f"{count(archive.members.ignored, 'hidden file')} ignored")
    if empty := _empty_folders(archive):
        notes.append(f"folders without images: {listed(empty)}")
    if len(layout.classes) > THRESHOLDS.listed_classes:
        notes.append(
            f"the {THRESHOLDS.listed_classes} largest of {len(layout.classes):,} classes are listed"
        )
    return notes


def _empty_folders(archive: Archive) -> list[str]:
    held: set[tuple[str, ...]] = {()}
    for info in archive.members.infos:
        parts = tuple(parts_of(info.filename))
        held.update(parts[:i] for i in range(1, len(parts)))
    return sorted(name for name in archive.members.folders if tuple(parts_of(name)) not in held)
