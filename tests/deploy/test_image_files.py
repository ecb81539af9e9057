"""What the image is made of, without building it."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

import pytest

from contract.repository import audit, entries
from deploy.container import prune
from scripts.image_page import BARS, sizes
from scripts.image_requirements import ROOT as SCRIPTS_ROOT
from scripts.image_requirements import files, requirements
from scripts.image_secrets import certificates_of, pip_conf
from scripts.image_smoke_imports import PACKAGES, imports
from tests.conftest import ROOT

CONTAINER = ROOT / "deploy" / "container"
DOCKERFILE = (CONTAINER / "Dockerfile").read_text()
REQUIREMENTS = ROOT / "requirements"
VARIANTS = {"cpu": "onnxruntime", "gpu": "onnxruntime-gpu"}


def lock(name: str) -> dict[str, list[str]]:
    """The texts of each requirement: two where they differ by Python's version."""
    found: dict[str, list[str]] = {}
    for package, text in requirements((REQUIREMENTS / name).read_text()):
        found.setdefault(package, []).append(text)
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_image_installs_what_the_lock_file_pins(variant: str) -> None:
    serving, image = lock("serve.txt"), lock(f"image-{variant}.txt")
    runtime = VARIANTS[variant]
    assert image.keys() & set(VARIANTS.values()) == {runtime}
    for name, texts in image.items():
        if name == runtime:
            pin = re.split(r"[ \\\n]", texts[0])[0]
            assert serving[name][0].startswith(pin + " ")
            assert "; " not in texts[0]
        else:
            assert texts == serving[name], f"{name}: run `make image-requirements`"
    assert {"bentoml", "numpy", "polars", "uvloop", "httptools", "tzdata"} <= image.keys()
    assert not image.keys() & {"pip", "torch", "rich-toolkit", "pip-requirements-parser"}


def test_hashes_go_with_their_requirement() -> None:
    text = (
        "a==1 ; sys_platform == 'x' \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\n"
        "onnxruntime==2 ; x \\\n    --hash=sha256:2\n"
    )
    assert [name for name, _ in requirements(text)] == ["a", "onnxruntime"]
    assert dict(requirements(text))["a"].count("--hash") == 2


def test_both_variants_keep_the_same_packages() -> None:
    made = files({"BentoML", "typing_extensions"})
    cpu, gpu = (made[SCRIPTS_ROOT / "requirements" / f"image-{name}.txt"] for name in VARIANTS)
    assert "bentoml==" in cpu
    assert "typing-extensions==" in cpu
    kept = [set(re.findall(r"^[a-z].*==\S+", text, re.MULTILINE)) for text in (cpu, gpu)]
    assert {name.partition("==")[0] for name in kept[0] ^ kept[1]} == {
        "onnxruntime", "onnxruntime-gpu",
    }  # fmt: skip


def test_the_dockerfile_ends_as_a_number_with_a_health_check() -> None:
    lines = DOCKERFILE.splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert "/readyz" in lines[next(i for i, x in enumerate(lines) if x[:6] == "HEALTH") + 1]
    assert lines[-1] == 'CMD ["serve", "--host", "0.0.0.0", "--port", "3000"]'
    for variable in ("HOME=/tmp", "ORT_DISABLE_TELEMETRY=1", "BENTOML_DO_NOT_TRACK=true"):
        assert variable in DOCKERFILE


def test_the_dockerfile_copies_what_serves() -> None:
    copied = re.findall(r"^COPY (\w+) /opt/rosenblatt/app/\1$", DOCKERFILE, re.MULTILINE)
    assert copied == [*PACKAGES[:3], "rosenblatt", "service", "models"]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    for folder in copied:
        assert f"!{folder}" in ignored
    assert "models/**/*.png" in ignored


def test_the_published_sizes_are_within_their_bars() -> None:
    figures = json.loads((ROOT / "docs" / "results" / "image.json").read_text())
    for variant, most in BARS.items():
        assert 0 < figures[variant]["image_bytes"] - figures[variant]["base_bytes"] <= most * 1e6
        assert f"| {most} MB |" in sizes(figures)


def test_the_table_model_is_sound() -> None:
    (entry,) = entries(CONTAINER / "models")
    assert audit(entry).manifest.title == "Tiny loans"


def test_pruning_keeps_licences_and_modules(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    kept = [
        "numpy/core.py", "numpy/linalg.so", "numpy-2.dist-info/licenses/tests/LICENSE",
        "uvloop/includes/__init__.py", "onnxruntime/capi/state.so",
    ]  # fmt: skip
    gone = [
        "numpy/core.pyi", "numpy/tests/test_core.py", "numpy/_core/include/arrays.h",
        "numpy/f2py/cfuncs.py", "uvloop/loop.pyx", "onnxruntime/capi/libonnxruntime.so.1.32.0",
        "onnxruntime/transformers/optimizer.py", "PIL/_webp.cpython-311.so",
        "pillow.libs/libavif-1.so",
    ]  # fmt: skip
    for name in [*kept, *gone]:
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    prune.delete(packages)
    assert {str(p.relative_to(packages)) for p in packages.rglob("*") if p.is_file()} == set(kept)


def test_scripts_outside_an_environment_import_the_standard_library_alone() -> None:
    """`scripts.image` runs with any Python; the other two run while an image is built."""
    known = sys.stdlib_module_names | {"__future__", "scripts"}
    paths = [ROOT / "scripts" / f"image{part}.py" for part in ("", "_check", "_engine", "_secrets")]
    for path in [*paths, CONTAINER / "prune.py", CONTAINER / "bytecode.py"]:
        assert {name.split(".")[0] for name in imports(path.read_text())} <= known, path


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "import a.b\nfrom c import d\nfrom . import e\ndef f():\n    import g\n"
        "try:\n    import h\nexcept ImportError:\n    import i\n"
        "try:\n    import j\nexcept ValueError:\n    pass\n"
    )
    assert sorted(imports(source)) == ["a.b", "c", "g", "i", "j"]
    ast.parse(source)


def test_pip_is_told_what_the_machine_says() -> None:
    settings = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "file:///srv/simple https://more.example/simple",
        "find-links": "/srv/wheels",
    }
    assert pip_conf(settings, has_certificates=True).splitlines() == [
        "[global]",
        "index-url = https://mirror.example/simple",
        "extra-index-url = https://more.example/simple",
        "cert = /run/secrets/certificates",
    ]
    assert pip_conf({}, has_certificates=False) == "[global]\n"


def test_certificates_are_those_of_the_machine(tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.crt"
    assert certificates_of({"SSL_CERT_FILE": str(trusted)}, {}) is None
    trusted.touch()
    assert certificates_of({"SSL_CERT_FILE": str(trusted)}, {}) == str(trusted)
    assert certificates_of({}, {"cert": str(trusted)}) == str(trusted)
