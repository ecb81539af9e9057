"""What the folders of a zip of images mean: splits, classes, masks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from profiler.archive import parts_of
from profiler.messages import listed, shown
from profiler.result import ClassCount
from profiler.target import by_size
from profiler.thresholds import THRESHOLDS

Path = tuple[str, ...]

# Folders of an existing split; the class folders are one level below.
SPLIT = re.compile(
    r"(?:(?:seg|my|the|imgs?|images)[-_ ])?"
    r"(?:train(?:ing)?|trn|val|valid(?:ation)?|dev(?:el)?|test(?:ing)?|tst|eval(?:uation)?"
    r"|hold[-_ ]?out|tr|te)"
    r"(?:[-_ ]?(?:set|data|split|imgs?|images|folder|small|full|orig(?:inal)?|\d{1,4}k?))?",
    re.IGNORECASE,
)
_TRAINING = re.compile(r"tra?i?n|^tr$", re.IGNORECASE)
# Folders of images that are labels of other images.
MASKS = frozenset(
    {
        "mask", "masks", "ground_truth", "groundtruth", "ground-truth", "gt", "trimap", "trimaps",
        "segmentation", "segmentations", "segmentationclass", "segmentationobject", "seg", "label",
        "labels", "labelstr", "labelsts", "annotation", "annotations", "annot",
    }
)  # fmt: skip
_MASK_SUFFIX = re.compile(
    r"[-_ ](?:mask|masks|gt|seg|segmentation|label|labels)(?:[-_ ]?\d+)?$", re.IGNORECASE
)
_NORMAL = frozenset({"good", "normal", "ok", "nominal", "healthy"})


@dataclass(frozen=True)
class Layout:
    """What the names of images say.

    Attributes:
        classes: by size; labelled: images in class folders, or with a mask if there are none.
        images: all that are no masks; masks: the others.
        root, splits: folders above the class folders.
        question: why the folders do not determine a task, if they do not.
    """

    classes: tuple[ClassCount, ...]
    labelled: int
    images: int
    masks: int
    root: str
    splits: tuple[str, ...]
    question: str = ""


def layout_of(names: Sequence[str]) -> Layout:
    """Find the class folders, below a root that all images share and below split folders."""
    root, paths = _rooted([tuple(parts_of(name)) for name in names])
    masks = _masks(paths)
    images = [path for path in paths if path not in masks]
    splits, below = _split(images)
    counts = Counter(path[0] for path in below if len(path) > 1)
    if masks and len(counts) == 1:
        counts.clear()  # the folder of the images, beside that of their masks
    classes = by_size(counts)
    question = _question(images, masks, splits, classes)
    labelled = counts.total() or _paired(images, masks)
    if question and not (masks or splits):
        classes, labelled = (), 0
    return Layout(
        classes, labelled, len(images), len(masks), "/".join(root), tuple(sorted(splits)), question
    )


def _rooted(paths: list[Path]) -> tuple[list[str], list[Path]]:
    """The folders that all paths share, and the paths below them."""
    root: list[str] = []
    while all(len(path) > 1 for path in paths) and len({path[0] for path in paths}) == 1:
        root.append(paths[0][0])
        paths = [path[1:] for path in paths]
    return root, paths


def _split(paths: Sequence[Path]) -> tuple[set[str], list[Path]]:
    """The folders of splits at the top, if all folders there are, and the paths below them.

    A folder that holds nothing but one of the same name, or another split, is passed too.
    """
    tops = {path[0] for path in paths if len(path) > 1}
    if not tops or not all(SPLIT.fullmatch(top) for top in tops):
        return set(), list(paths)
    below = [path[1:] if len(path) > 1 else path for path in paths]
    deeper = {path[0] for path in below if len(path) > 1}
    if deeper and all(SPLIT.fullmatch(name) for name in deeper):
        below = [path[1:] if len(path) > 1 else path for path in below]
    return tops, below


def _masks(paths: Sequence[Path]) -> set[Path]:
    """The images that are labels of others: by their folder, or by the end of their name."""
    folders = {part.lower() for path in paths for part in path[:-1]}
    marked = folders & MASKS
    # `mask` beside `without_mask` is a class of faces.
    if any("mask" in folder for folder in folders - marked):
        marked -= {"mask", "masks"}
    found = {path for path in paths if any(part.lower() in marked for part in path[:-1])}
    others = {_stem(path) for path in paths if path not in found}
    paired = sum(_base(path) in others for path in found)
    if paired < THRESHOLDS.paired_masks * len(found):
        found = set()
    names = {(*path[:-1], _stem(path)) for path in paths}
    beside = {
        path for path in paths if _base(path) != _stem(path) and (*path[:-1], _base(path)) in names
    }
    return found | beside


def _stem(path: Path) -> str:
    return path[-1].rpartition(".")[0] or path[-1]


def _base(path: Path) -> str:
    """The name of the image that a mask belongs to."""
    return _MASK_SUFFIX.sub("", _stem(path))


def _paired(images: Sequence[Path], masks: set[Path]) -> int:
    bases = {_base(mask) for mask in masks}
    return sum(_stem(image) in bases for image in images)


def _question(
    images: Sequence[Path], masks: set[Path], splits: set[str], classes: Sequence[ClassCount]
) -> str:
    """Why the task is not classification by folder, or the empty text."""
    if normal := _normal_training(images, splits):
        return (
            f"the images for training are all {shown(normal)} and the others are not, as MVTec has "
            "them: that is anomaly detection"
        )
    if masks:
        return (
            f"{len(masks):,} of the images are masks of others: that is segmentation, where every "
            "pixel has a class"
        )
    if splits:
        return ""
    tops = {path[0] for path in images if len(path) > 1}
    if found := sorted(top for top in tops if SPLIT.fullmatch(top)):
        if len(found) > 1 or _TRAINING.search(found[0]):
            others = sorted(tops - set(found))
            return f"{listed(found)} are splits and {listed(others)} are not"
        return ""
    second = {path[1] for path in images if len(path) > 2}
    if (
        len(second) > 1
        and all(SPLIT.fullmatch(name) for name in second)
        and any(len(path) > 3 for path in images)
    ):
        return f"{listed(sorted(tops))} each hold splits with class folders of their own"
    return ""


def _normal_training(images: Sequence[Path], splits: set[str]) -> str:
    """The one class of the training images, if it means normal and other splits hold more."""
    training = {s for s in splits if _TRAINING.search(s)}
    seen = {path[1] for path in images if path[0] in training and len(path) > 2}
    rest = {path[1] for path in images if path[0] not in training and len(path) > 2}
    is_normal = len(seen) == 1 and next(iter(seen)).lower() in _NORMAL
    return next(iter(seen)) if is_normal and rest - seen else ""
