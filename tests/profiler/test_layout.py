"""What folders of images mean."""

from __future__ import annotations

import pytest

from profiler.layout import SPLIT, layout_of
from tests.profiler.files import images, look


def classes(*names: str) -> dict[str, int]:
    return {c.label: c.count for c in layout_of(names).classes}


@pytest.mark.parametrize(
    "split",
    [
        "train", "Training", "training_set", "test_set", "val", "validation", "Valid", "dev",
        "eval", "evaluation", "holdout", "hold_out", "train_images", "seg_train", "test2017",
        "train-data", "TestData", "trainset", "train2",
    ],
)  # fmt: skip
def test_splits(split: str) -> None:
    layout = layout_of([f"{split}/cat/1.png", f"{split}/dog/1.png", "other.png", "test/cat/2.png"])
    assert layout.splits == tuple(sorted({split, "test"}))
    assert {c.label: c.count for c in layout.classes} == {"cat": 2, "dog": 1}
    assert not layout.question


@pytest.mark.parametrize("name", ["trains", "testament", "value", "deva", "trees", "trout", "evil"])
def test_classes_that_only_begin_so(name: str) -> None:
    assert SPLIT.fullmatch(name) is None


def test_a_split_within_a_folder_of_the_same_name() -> None:
    names = [f"seg_{s}/seg_{s}/{c}/1.png" for s in ("train", "test") for c in ("sea", "street")]
    assert classes(*names) == {"sea": 2, "street": 2}


def test_splits_below_the_classes() -> None:
    assert classes("cat/train/1.png", "cat/test/2.png", "dog/train/1.png") == {"cat": 2, "dog": 1}


def test_a_split_beside_other_folders_is_asked() -> None:
    details = look(images("train/cat/1.png", "test/cat/1.png", "extra/2.png")).details
    assert details.classes == ()
    (question,) = details.undecided
    assert question.because == '"test", "train" are splits and "extra" are not'


MASKED = {
    "folders": (["images/1.jpg", "images/2.jpg", "masks/1.png"], 2, 1, 1),
    "folders in splits": (["train/images/1.jpg", "train/labels/1.png", "val/images/2.jpg",
                           "val/labels/2.png"], 2, 2, 2),
    "ends of names": (["1.png", "1_mask.png", "2.png", "2_mask.png", "3.png"], 3, 2, 2),
    "other ends": (["images/a.jpg", "masks/a_gt.png"], 1, 1, 1),
    "VOC": (["JPEGImages/1.jpg", "JPEGImages/2.jpg", "SegmentationClass/1.png"], 2, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("case", MASKED)
def test_masks_are_no_class(case: str) -> None:
    names, n_images, masks, labelled = MASKED[case]
    profile = look(images(*names))
    assert "task" not in profile.facts
    assert (profile.facts["n_rows"], layout_of(names).masks) == (n_images, masks)
    (question,) = profile.details.undecided
    assert "that is segmentation" in question.because
    assert any("state the task" in note for note in profile.details.notes)
    assert profile.facts["n_labelled"] == labelled


def test_masks_beside_images_in_class_folders() -> None:
    names = [f"{c}/{c} ({i}){end}.png" for c in ("benign", "normal") for i in (1, 2)
             for end in ("", "_mask", "_mask_1")]  # fmt: skip
    profile = look(images(*names))
    assert (profile.facts["n_rows"], profile.facts["n_labelled"]) == (4, 4)
    assert profile.details.n_classes == 2
    assert "8 of the images are masks" in profile.details.undecided[0].because


def test_a_mask_may_be_a_class() -> None:
    assert classes("mask/1.png", "without_mask/1.png") == {"mask": 1, "without_mask": 1}
    assert classes("with_mask/1.png", "without_mask/1.png") == {"with_mask": 1, "without_mask": 1}


MVTEC = [
    "bottle/train/good/000.png", "bottle/train/good/001.png", "bottle/test/good/000.png",
    "bottle/test/broken_large/000.png", "bottle/ground_truth/broken_large/000_mask.png",
]  # fmt: skip


def test_mvtec() -> None:
    profile = look(images(*MVTEC))
    assert (profile.facts["n_rows"], profile.facts["n_labelled"]) == (4, 4)
    assert "task" not in profile.facts
    assert "that is anomaly detection" in profile.details.undecided[0].because
    assert profile.because["n_rows"] == "the zip holds 4 images beside 1 mask"


def test_mvtec_of_several_things() -> None:
    profile = look(images(*MVTEC, *(name.replace("bottle", "cable") for name in MVTEC)))
    assert profile.facts["n_rows"] == 8
    assert "task" not in profile.facts
