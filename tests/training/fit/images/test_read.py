from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.fit.images import made
from training.errors import FitError
from training.fit.images import files as files_module
from training.fit.images.files import holds_images
from training.fit.images.pictures import Header
from training.fit.images.read import common_size, read_images


def test_a_folder_gives_its_pixels_and_classes(tmp_path: Path) -> None:
    drawn = made.pictures()
    problem = read_images(made.options(made.folder(tmp_path / "shapes", drawn)))
    assert problem.labels == made.CLASSES
    assert len(problem) == len(drawn)
    names = sorted(drawn)
    assert [problem.labels[k] for k in problem.target] == [n.split("/")[0] for n in names]
    np.testing.assert_array_equal(problem.rows.pixels, np.stack([drawn[n] for n in names]))
    assert problem.facts["n_labelled"] == len(drawn)


def test_a_zip_below_a_root_gives_the_same_as_the_folder(tmp_path: Path) -> None:
    drawn = made.pictures(colour=True)
    packed = {f"data/shapes/{name}": made.png(pixels) for name, pixels in drawn.items()}
    packed |= {"__MACOSX/data/x.png": b"", "data/.hidden.png": b"", "data/read.me": b"words"}
    folder = read_images(made.options(made.folder(tmp_path / "shapes", drawn)))
    zipped = read_images(made.options(made.archive(tmp_path / "shapes.zip", packed)))
    np.testing.assert_array_equal(folder.rows.pixels, zipped.rows.pixels)
    np.testing.assert_array_equal(folder.target, zipped.target)
    assert zipped.rows.channels == 3
    assert zipped.unlabelled == 1


def test_colour_files_without_a_colour_are_grey(tmp_path: Path) -> None:
    drawn = {n: np.repeat(p[..., None], 3, axis=2) for n, p in made.pictures().items()}
    assert read_images(made.options(made.folder(tmp_path, drawn))).rows.channels == 1
    drawn["cross/0.png"][0, 0] = (1, 2, 3)
    assert read_images(made.options(made.folder(tmp_path, drawn))).rows.channels == 3


def test_equal_pixels_are_twins_whatever_the_file(tmp_path: Path) -> None:
    drawn = made.pictures()
    root = made.folder(tmp_path, drawn)
    (root / "frame" / "again.png").write_bytes(made.png(drawn["cross/0.png"], compress_level=0))
    (root / "frame" / "bytes.png").write_bytes((root / "cross" / "0.png").read_bytes())
    problem = read_images(made.options(root))
    assert problem.repeated == 2
    assert np.bincount(problem.twins).max() == 3


def test_sizes_that_differ_become_one_and_the_plan_says_so(tmp_path: Path) -> None:
    drawn = made.pictures(size=(40, 40)) | made.pictures(size=(70, 50), each=10)
    problem = read_images(made.options(made.folder(tmp_path, drawn)))
    assert problem.rows.size == (32, 32)
    assert "32x32 pixels; of 2 sizes, scaled" in problem.kind.describe(problem.rows)


@pytest.mark.parametrize(
    ("headers", "size"),
    [
        ([Header(100, 60)] * 3, (60, 100)),
        ([Header(448, 224)], (112, 224)),
        ([Header(100, 60), Header(60, 100)], (96, 96)),
        ([Header(900, 10), Header(800, 600)], (224, 224)),
        ([Header(9, 9), Header(12, 9)], (32, 32)),
    ],
)
def test_the_common_size(headers: list[Header], size: tuple[int, int]) -> None:
    found, words = common_size(headers)
    assert found == size
    assert bool(words) == (len(set(headers)) > 1 or max(headers[0].width, 0) > 224)


def test_images_too_small_to_see_are_refused() -> None:
    with pytest.raises(FitError, match="7x9 pixels; at least 8"):
        common_size([Header(7, 9)])


def broken(kind: str) -> bytes:
    """A file that holds no picture to learn from."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 16)).astype(np.uint8)
    whole = made.png(noise)
    file = io.BytesIO()
    if kind == "frames":
        frames = [Image.new("L", (16, 16), k) for k in range(3)]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    elif kind == "deep":
        Image.fromarray(np.full((16, 16), 700, np.uint16)).save(file, "PNG")
    elif kind == "print":
        Image.new("CMYK", (16, 16)).save(file, "JPEG")
    return {"cut": whole[: len(whole) // 2], "text": b"no picture", "empty": b""}.get(
        kind
    ) or file.getvalue()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("cut", "cannot be decoded"),
        ("text", "it is no PNG"),
        ("empty", "it is no PNG"),
        ("frames", "3 frames"),
        ("deep", "I;16"),
        ("print", "CMYK"),
    ],
)
def test_a_picture_that_cannot_be_used_is_left_out_by_name(
    tmp_path: Path, kind: str, reason: str
) -> None:
    root = made.folder(tmp_path, made.pictures())
    (root / "cross" / "bad.png").write_bytes(broken(kind))
    problem = read_images(made.options(root))
    assert len(problem) == 3 * made.EACH
    assert reason in problem.left_out["cross/bad.png"]


def test_many_broken_pictures_are_refused(tmp_path: Path) -> None:
    root = made.folder(tmp_path, made.pictures())
    for i in range(10):
        (root / "cross" / f"bad{i}.png").write_bytes(b"no")
    with pytest.raises(FitError, match=r"10 of 82 pictures .* more than 10%, .* 'cross/bad0.png'"):
        read_images(made.options(root))


@pytest.mark.parametrize(
    ("moved", "message"),
    [
        (lambda n: f"train/{n}", None),  # a root that all share
        (lambda n: f"{'train' if n[-5] == '1' else 'test'}/{n}", "a folder of a split"),
        (lambda n: n.replace("/", "-"), "0 class folders"),
        (lambda n: f"one/{n.replace('/', '-')}", "0 class folders"),
    ],
)
def test_folders_that_are_no_classes_are_refused(
    tmp_path: Path, moved: object, message: str | None
) -> None:
    assert callable(moved)
    root = made.folder(tmp_path, {moved(n): p for n, p in made.pictures().items()})
    if message is None:
        assert len(read_images(made.options(root)).labels) == 3
        return
    with pytest.raises(FitError, match=message):
        read_images(made.options(root))


def test_classes_need_pictures(tmp_path: Path) -> None:
    few = {n: p for n, p in made.pictures().items() if n[-5] != "1" or "cross" not in n}
    root = made.folder(tmp_path / "few", made.pictures(each=10))
    with pytest.raises(FitError, match="30 images; at least 50"):
        read_images(made.options(root))
    root = made.folder(tmp_path / "rare", few | {"rare/0.png": few["cross/0.png"]})
    with pytest.raises(FitError, match="class 'rare' has 1 usable images; at least 5"):
        read_images(made.options(root))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"groups": ("a",)}, "--group"),
        ({"time": "a"}, "--time"),
        ({"text": "a"}, "--text"),
        ({"keep": ("a",)}, "--keep"),
        ({"drop": ("a",)}, "--drop"),
        ({"task": "regression"}, "--task regression"),
    ],
)
def test_options_for_columns_are_refused(
    tmp_path: Path, given: dict[str, object], named: str
) -> None:
    root = made.folder(tmp_path, made.pictures(each=2))
    with pytest.raises(FitError, match=named):
        read_images(made.options(root, **given))


def test_what_holds_images(tmp_path: Path) -> None:
    picture = made.png(np.zeros((4, 4), np.uint8))
    packed = {
        "images": {"a/x.PNG": picture},
        "loose": {"x.png": picture},
        "table": {"rows.csv": b"a,b"},
        "word": {"[Content_Types].xml": b"", "word/media/x.png": picture},
    }
    found = {n: holds_images(made.archive(tmp_path / n, files)) for n, files in packed.items()}
    assert found == {"images": True, "loose": False, "table": False, "word": False}
    assert holds_images(tmp_path)
    assert not holds_images(tmp_path / "missing.csv")


def test_a_zip_whose_list_of_files_is_broken_is_refused(tmp_path: Path) -> None:
    path = made.archive(tmp_path / "x.zip", {"a/x.png": b"0", "b/y.png": b"1"})
    good = path.read_bytes()
    start = good.index(b"PK\x01\x02")
    wrong = {
        "the signature": good[:start] + b"xx" + good[start + 2 :],
        "the version": good[: start + 6] + b"\xff" + good[start + 7 :],
        "the name": (
            good[: start + 9] + b"\x08" + good[start + 10 : start + 46] + b"\xff"
            + good[start + 47 :]
        ),
    }  # fmt: skip
    for data in wrong.values():
        path.write_bytes(data)
        for refused in (holds_images, files_module.Zip):
            with pytest.raises(FitError, match=r"is no readable zip: .*; pack it again"):
                refused(path)


def test_a_zip_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made.archive(tmp_path / "x.zip", {"a/x.png": b"0" * 2000})
    monkeypatch.setattr(files_module, "MOST_FILE_BYTES", 1000)
    with pytest.raises(FitError, match=r"'a/x.png' has 2,000 bytes; the limit is 1,000"):
        files_module.Zip(path).read("a/x.png")
    monkeypatch.setattr(files_module, "MOST_BYTES", 1000)
    with pytest.raises(FitError, match="unpacks to more than"):
        files_module.Zip(path)


def test_a_damaged_member_is_refused_by_name(tmp_path: Path) -> None:
    path = made.archive(tmp_path / "x.zip", {"a/x.png": b"0123456789" * 30})
    path.write_bytes(path.read_bytes().replace(b"0123456789012", b"0123456789x12", 1))
    with pytest.raises(FitError, match=r"'a/x.png' .* is broken"):
        files_module.Zip(path).read("a/x.png")
