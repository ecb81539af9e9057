"""Sources and targets that overlap, made in a folder of the test: name -> (source, target)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.score.sources import pictures, png, table

Shape = Callable[[Path], tuple[Path | str, Path | str]]
IMAGES = pictures(3)


def file(path: Path) -> Path:
    """A Parquet file that can be scored."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return table(path, IMAGES)


def text(path: Path) -> Path:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a,b\n1,2\n")
    return path


def folder(path: Path) -> Path:
    """A folder of images that can be scored, one of them below it."""
    (path / "sub").mkdir(parents=True)
    (path / "a.png").write_bytes(png(IMAGES[0]))
    (path / "sub" / "b.png").write_bytes(png(IMAGES[1]))
    return path


def linked(link: Path, to: Path | str, *, hard: bool = False) -> Path:
    link.parent.mkdir(parents=True, exist_ok=True)
    if hard:
        link.hardlink_to(to)
    else:
        link.symlink_to(to)
    return link


def in_parts(name: str) -> Shape:
    """A source that has the name of something in the folder of parts."""
    return lambda tmp: (file(tmp / "out.parquet.parts" / name), tmp / "out.parquet")


def entry(name: str, *, hard: bool) -> Shape:
    """Something in the folder of parts that is a link to the source."""

    def make(tmp: Path) -> tuple[Path, Path]:
        source = file(tmp / "in.parquet")
        linked(tmp / "out.parquet.parts" / name, source, hard=hard)
        return source, tmp / "out.parquet"

    return make


ENTRIES = ("lock", "state.json", "state.json.tmp", "part-00000000.parquet", "joined.parquet.tmp")

FILES: dict[str, Shape] = {
    "itself": lambda tmp: (file(tmp / "x.parquet"), tmp / "x.parquet"),
    "itself, relative": lambda tmp: (file(tmp / "x.parquet"), "x.parquet"),
    "itself, by the folder above": lambda tmp: (
        file(tmp / "d" / "x.parquet"), tmp / "d" / ".." / "d" / "x.parquet",
    ),
    "itself, CSV": lambda tmp: (text(tmp / "x.csv"), tmp / "x.csv"),
    "a link to a CSV file": lambda tmp: (text(tmp / "x.csv"), linked(tmp / "y", tmp / "x.csv")),
    "a CSV file in the parts": lambda tmp: (text(tmp / "o.parts" / "x.csv"), tmp / "o"),
    "a link to it": lambda tmp: (
        file(tmp / "x.parquet"), linked(tmp / "y.parquet", "x.parquet"),
    ),
    "a link to a link": lambda tmp: (
        file(tmp / "x.parquet"), linked(tmp / "z", linked(tmp / "y", tmp / "x.parquet")),
    ),
    "a hard link": lambda tmp: (
        file(tmp / "x.parquet"), linked(tmp / "y.parquet", tmp / "x.parquet", hard=True),
    ),
    "the source links to the target": lambda tmp: (
        linked(tmp / "y.parquet", file(tmp / "x.parquet")), tmp / "x.parquet",
    ),
    "both link to one file": lambda tmp: (
        linked(tmp / "y", file(tmp / "x.parquet")), linked(tmp / "z", tmp / "x.parquet"),
    ),
    "by a linked folder": lambda tmp: (
        file(tmp / "d" / "x.parquet"), linked(tmp / "e", tmp / "d") / "x.parquet",
    ),
    "below the source": lambda tmp: (file(tmp / "x.parquet"), tmp / "x.parquet" / "y"),
    **{f"source is {name} of the parts": in_parts(name) for name in (*ENTRIES, "x/in.parquet")},
    **{f"{name} links to the source": entry(name, hard=False) for name in ENTRIES},
    **{f"{name} is the source, too": entry(name, hard=True) for name in ENTRIES},
    "the source is a link in the parts": lambda tmp: (
        linked(tmp / "o.parts" / "in.parquet", file(tmp / "x.parquet")), tmp / "o",
    ),
    "the source is found through a link in the parts": lambda tmp: (
        linked(tmp / "y", linked(tmp / "o.parts" / "in", file(tmp / "x.parquet"))), tmp / "o",
    ),
    "the parts link to the source's folder": lambda tmp: (
        file(tmp / "d" / "part-00000000.parquet"),
        linked(tmp / "o.parts", tmp / "d").with_name("o"),
    ),
}  # fmt: skip

FOLDERS: dict[str, Shape] = {
    "itself": lambda tmp: (folder(tmp / "i"), tmp / "i"),
    "a new file in it": lambda tmp: (folder(tmp / "i"), tmp / "i" / "out.parquet"),
    "a new file below it": lambda tmp: (folder(tmp / "i"), tmp / "i" / "sub" / "new" / "o"),
    "a hidden file": lambda tmp: (folder(tmp / "i"), tmp / "i" / ".o" / "out.parquet"),
    "one of its images": lambda tmp: (folder(tmp / "i"), tmp / "i" / "a.png"),
    "a link to an image": lambda tmp: (
        folder(tmp / "i"), linked(tmp / "o", tmp / "i" / "sub" / "b.png"),
    ),
    "a hard link to an image": lambda tmp: (
        folder(tmp / "i"), linked(tmp / "o", tmp / "i" / "sub" / "b.png", hard=True),
    ),
    "an image links to the target": lambda tmp: (
        linked(folder(tmp / "i") / "c.png", _image(tmp / "o")).parent, tmp / "o",
    ),
    "an image links to a part": lambda tmp: (
        linked(folder(tmp / "i") / "c.png", _image(tmp / "o.parts" / "part-00000000.parquet"))
        .parent, tmp / "o",
    ),
    "an image is a part, too": lambda tmp: (
        linked(
            folder(tmp / "i") / "c.png", _image(tmp / "o.parts" / "part-00000000.parquet"),
            hard=True,
        ).parent, tmp / "o",
    ),
    "by a linked folder": lambda tmp: (
        folder(tmp / "i"), linked(tmp / "j", tmp / "i") / "out.parquet",
    ),
    "the source is a linked folder": lambda tmp: (
        linked(tmp / "j", folder(tmp / "i")), tmp / "i" / "out.parquet",
    ),
    "a folder of it links to the target's": lambda tmp: (
        linked(folder(tmp / "i") / "more", _image(tmp / "d" / "o").parent).parent,
        tmp / "d" / "o",
    ),
    "the source is the folder of parts": lambda tmp: (folder(tmp / "o.parts"), tmp / "o"),
    "the source is in the folder of parts": lambda tmp: (folder(tmp / "o.parts" / "i"), tmp / "o"),
    "the parts link to the source": lambda tmp: (
        folder(tmp / "i"), linked(tmp / "o.parts", tmp / "i").with_name("o"),
    ),
    "a folder of images named as a part": lambda tmp: (
        folder(tmp / "o.parts" / "part-00000000.parquet"), tmp / "o",
    ),
}  # fmt: skip

# With --ray the target is a folder.
RAY: dict[str, Shape] = {
    "a file as its own target": lambda tmp: (file(tmp / "x.parquet"), tmp / "x.parquet"),
    "a file's folder": lambda tmp: (file(tmp / "d" / "x.parquet"), tmp / "d"),
    "the folder above": lambda tmp: (file(tmp / "d" / "e" / "x.parquet"), tmp / "d"),
    "here": lambda tmp: (file(tmp / "x.parquet"), "."),
    "a link to a file's folder": lambda tmp: (
        file(tmp / "d" / "x.parquet"), linked(tmp / "o", tmp / "d"),
    ),
    "the source is a link in the target": lambda tmp: (
        linked(tmp / "o" / "x.parquet", file(tmp / "d" / "x.parquet")), tmp / "o",
    ),
    "the source links into the target": lambda tmp: (
        linked(tmp / "x.parquet", file(tmp / "o" / "x.parquet")), tmp / "o",
    ),
    "a hard link in the target": lambda tmp: (
        file(tmp / "x.parquet"),
        linked(tmp / "o" / "y.parquet", tmp / "x.parquet", hard=True).parent,
    ),
    "a link in the target": lambda tmp: (
        file(tmp / "x.parquet"), linked(tmp / "o" / "y.parquet", tmp / "x.parquet").parent,
    ),
    "a folder as its own target": lambda tmp: (folder(tmp / "i"), tmp / "i"),
    "a link to the folder": lambda tmp: (folder(tmp / "i"), linked(tmp / "o", tmp / "i")),
    "the folder, with a slash": lambda tmp: (folder(tmp / "i"), f"{tmp}/i/"),
    "a new folder in the source": lambda tmp: (folder(tmp / "i"), tmp / "i" / "new" / "o"),
    "a folder of the source": lambda tmp: (folder(tmp / "i"), tmp / "i" / "sub"),
    "the parent of the source": lambda tmp: (folder(tmp / "d" / "i"), tmp / "d"),
    "a link to a folder of the source": lambda tmp: (
        folder(tmp / "i"), linked(tmp / "o", tmp / "i" / "sub"),
    ),
    "an image links into the target": lambda tmp: (
        linked(folder(tmp / "i") / "c.png", _image(tmp / "o" / "y.parquet")).parent, tmp / "o",
    ),
    "an image is in the target, too": lambda tmp: (
        linked(folder(tmp / "i") / "c.png", _image(tmp / "o" / "y.parquet"), hard=True).parent,
        tmp / "o",
    ),
    "by file://": lambda tmp: (file(tmp / "d" / "x.parquet"), f"file://{tmp}/d"),
    "by file://localhost": lambda tmp: (
        f"file://{file(tmp / 'a b' / 'x.parquet')}", f"file://localhost{tmp}/a%20b",
    ),
    "by local://": lambda tmp: (f"local://{file(tmp / 'd' / 'x.parquet')}", tmp / "d"),
    "a bucket": lambda tmp: ("s3://bucket/x", "s3://bucket/x/"),
    "a folder of a bucket": lambda tmp: ("s3://bucket/x/in.parquet", "s3a://me@bucket/y/../x?a=b"),
    "a bucket's own folder": lambda tmp: ("gs://bucket/x", "gs://bucket/x/out"),
}  # fmt: skip


def _image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(IMAGES[2]))
    return path
