"""`python -m scripts.dockerfile build/Dockerfile`: build the bento, render its Dockerfile.

The bento's `env/docker/Dockerfile` is a template that `bentoml containerize` completes. This script
writes the completed file and needs no container engine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import bentoml
from bentoml.container import get_containerfile


def render(target: Path) -> str:
    """Build the bento, write its Dockerfile to `target`, return the bento's tag."""
    bento = bentoml.bentos.build_bentofile("bentofile.yaml")
    target.parent.mkdir(parents=True, exist_ok=True)
    get_containerfile(str(bento.tag), output_path=str(target))
    return str(bento.tag)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m scripts.dockerfile TARGET")
    print(f"{sys.argv[1]} rendered from bento {render(Path(sys.argv[1]))}")  # noqa: T201
