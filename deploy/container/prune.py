"""`python prune.py VENV`: delete what serving never reads from the packages of an environment.

Run while the image is built, before bytecode is made. Licences and all else in `*.dist-info` stay.
`scripts.image_smoke`, run in the image, shows that nothing needed is gone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

# Sources and headers of extensions that are compiled already, and types for a checker.
_SUFFIXES = (".pyi", ".pxd", ".pyx", ".pxi", ".h", ".hpp", ".c", ".cpp", ".a", ".lib")
_FOLDERS = ("tests", "test", "include")
_PARTS = (
    # For compiling, training and converting, which nothing that serves imports.
    "numpy/f2py",
    "numpy/distutils",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    # For programs in C: the extension module has all of it inside. And a provider that is not used.
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/capi/libonnxruntime_providers_tensorrt.so",
    # Formats of images that are refused, fonts and colour profiles, with their libraries.
    *(f"PIL/_{name}.*.so" for name in ("avif", "imagingcms", "imagingft", "imagingtk", "webp")),
    *(f"pillow.libs/lib{name}*" for name in ("avif", "freetype", "harfbuzz", "lcms2")),
)
# Rewritten by auditwheel; `strip` breaks some of these.
_VENDORED = ".libs"


def main(environment: Path) -> None:
    """Delete, and strip symbols that only a debugger reads."""
    (packages,) = environment.glob("lib/python*/site-packages")
    before = _bytes(packages)
    delete(packages)
    libraries = [path for path in packages.rglob("*.so") if _VENDORED not in path.parent.name]
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)
    print(f"{before / 1e6:.0f} MB of packages, {_bytes(packages) / 1e6:.0f} MB of them kept")  # noqa: T201


def delete(packages: Path) -> None:
    """Delete what serving never reads from a folder `site-packages`."""
    for path in [path for part in _PARTS for path in packages.glob(part)]:
        _delete(path)
    for path in sorted(packages.rglob("*")):
        if _is_needless(path.relative_to(packages), path.is_dir()):
            _delete(path)


def _is_needless(path: Path, is_folder: bool) -> bool:
    """Whether a file or folder goes, by its path below `site-packages`."""
    if ".dist-info" in path.parts[0]:
        return False
    return path.name in _FOLDERS if is_folder else path.suffix in _SUFFIXES


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
