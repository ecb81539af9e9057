"""A zip of images in class folders -> its profile, from names and image headers alone.

Pillow reads the headers; it may allocate what a header claims, which the child's limits stop.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter

# Each plugin registers its format; `preinit` loads those of the other four.
from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from profiler.archive import Archive, parts_of, refuse_other
from profiler.errors import TargetError, TooLargeError
from profiler.layout import Layout, layout_of
from profiler.limits import Limits
from profiler.messages import count, listed, shown
from profiler.result import Details, Images, Profile, Undecided
from profiler.target import balance_warnings
from profiler.thresholds import THRESHOLDS
from profiler.translate_errors import IMAGE_ERRORS

Image.preinit()
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
# A JPEG that holds several pictures.
_ALIASES = {"MPO": "JPEG"}
# Pillow's own limit warns and then refuses; `Limits.max_pixels` says more.
Image.MAX_IMAGE_PIXELS = None


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
    layout = layout_of(names)
    facts, because = _facts(layout)
    details = Details(
        format="images",
        rows=layout.images,
        n_classes=len(layout.classes) or None,
        classes=layout.classes[: THRESHOLDS.listed_classes],
        smallest_class=layout.classes[-1] if layout.classes else None,
        images=found,
        undecided=_undecided(layout),
        warnings=tuple(_warnings(layout, found, archive)),
        notes=tuple(_notes(layout, archive)),
    )
    return Profile(facts, because, details)


def _facts(layout: Layout) -> tuple[dict[str, object], dict[str, str]]:
    """The facts of a zip with this layout, and the reason for each."""
    held = count(layout.images, "image")
    if layout.masks:
        held += f" beside {count(layout.masks, 'mask')}"
    facts: dict[str, object] = {"modalities": ["image"], "n_rows": layout.images}
    because = {
        "modalities": f"the file is a zip of {count(layout.images, 'image')}",
        "n_rows": f"the zip holds {held}",
    }
    if layout.classes:
        facts["n_labelled"] = layout.labelled
        because["n_labelled"] = f"class folders hold {count(layout.labelled, 'image')}"
    elif layout.labelled:
        facts["n_labelled"] = layout.labelled
        because["n_labelled"] = f"{count(layout.labelled, 'image')} have a mask of the same name"
    if len(layout.classes) > 1 and not layout.question:
        facts["task"] = "classification"
        because["task"] = f"the images lie in {count(len(layout.classes), 'class folder')}"
    return facts, because


def _undecided(layout: Layout) -> tuple[Undecided, ...]:
    """What the folders do not decide."""
    if layout.question:
        return (Undecided("task", layout.question, ("classification",)),)
    if not layout.classes:
        because = "the zip has no class folders"
        return (Undecided("task", because, ("classification", "generation")),)
    return ()


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


def _warnings(layout: Layout, images: Images, archive: Archive) -> list[str]:
    warnings = balance_warnings(layout.classes, "image")
    if images.duplicates:
        warnings.append(f"{count(images.duplicates, 'image')} with the same bytes as another")
    if tables := archive.members.annotations:
        warnings.append(
            f"not read: {listed(tables)}; if the labels are in there and not in the folders, state "
            "the task and n_labelled"
        )
    return warnings


def _notes(layout: Layout, archive: Archive) -> list[str]:
    notes = []
    if layout.root:
        notes.append(f"all images lie in {shown(layout.root)}, which is taken as the root")
    if layout.splits:
        notes.append(f"split folders skipped: {listed(layout.splits)}")
    if layout.question:
        notes.append(f"{layout.question}; state the task")
    elif not layout.classes:
        notes.append("no class folders, so labelled images, classes and task are not derived")
    elif unlabelled := layout.images - layout.labelled:
        notes.append(f"{count(unlabelled, 'image')} outside class folders, counted as unlabelled")
    if archive.members.ignored:
        notes.append(f"{count(archive.members.ignored, 'hidden file')} ignored")
    if documents := archive.members.documents:
        notes.append(f"{count(len(documents), 'document')} beside the images: {listed(documents)}")
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
