"""The model repository on disk: `<root>/<name>/<version>/{manifest.json, model.onnx, ...}`.

Loading a model is parse, audit, construct. This module does the first two. It returns the bytes
that it has checked, not a path whose content could change before the session is constructed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import ArtifactError, GraphError, RepositoryError
from contract.files import read_inside
from contract.golden import GoldenSamples, read_golden
from contract.graph import KNOWN_DOMAINS, Outline, TensorType, outline
from contract.manifest import MANIFEST_FILE, FileRecord, Manifest, parse
from contract.tensors import TensorSpec


@dataclass(frozen=True)
class Artifact:
    """An audited model version: its manifest, its verified graph, its golden samples."""

    manifest: Manifest
    graph: bytes
    outline: Outline
    golden: GoldenSamples


@dataclass(frozen=True, order=True)
class Entry:
    """One version directory, not yet read."""

    name: str
    version: int
    path: Path

    @property
    def root(self) -> Path:
        """The repository."""
        return self.path.parent.parent

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


@dataclass(frozen=True)
class Stray:
    """A directory in the repository that is not a model version."""

    name: str
    version: str
    path: Path
    reason: str


# Called with an entry and the bytes of its manifest; raises SignatureError.
Verify = Callable[[Entry, bytes], None]


def entries(root: Path, on_stray: Callable[[Stray], None] | None = None) -> list[Entry]:
    """Every version directory under `root`, in the order of name and version number.

    Args:
        root: the repository.
        on_stray: called for each directory that is not a version; by default that is an error.

    Raises:
        RepositoryError: `root` is not a directory, or holds a stray and `on_stray` is None.
    """
    if not root.is_dir():
        raise RepositoryError(
            f"the model repository {root} is not a directory; "
            "point ROSENBLATT_MODELS_DIR at one, or make it with `make train`"
        )
    found = []
    for model in _directories(root):
        versions = _directories(model)
        if not versions:
            _report(Stray(model.name, "", model, "it holds no version directory"), on_stray)
        for version in versions:
            if re.fullmatch(r"[1-9][0-9]{0,8}", version.name):
                found.append(Entry(model.name, int(version.name), version))
            else:
                reason = "it is not a version directory; name it with a positive integer"
                _report(Stray(model.name, version.name, version, reason), on_stray)
    return sorted(found)


def _report(stray: Stray, on_stray: Callable[[Stray], None] | None) -> None:
    if on_stray is None:
        raise RepositoryError(f"{stray.path}: {stray.reason}")
    on_stray(stray)


def read_manifest(entry: Entry, verify: Verify | None = None) -> Manifest:
    """Parse the manifest of one entry and check that it matches its directory.

    Args:
        verify: checks the signature of the manifest's bytes before they are parsed.

    Raises:
        ArtifactError: the manifest is missing, or describes another model or version.
        ManifestError: it breaks the schema.
        SignatureError: `verify` refuses it.
    """
    text = read_inside(entry.path / MANIFEST_FILE, entry.root)
    if verify is not None:
        verify(entry, text)
    manifest = parse(text, source=str(entry.path / MANIFEST_FILE))
    if (manifest.name, manifest.version) != (entry.name, str(entry.version)):
        raise ArtifactError(
            f"{entry.path / MANIFEST_FILE} describes {manifest.name} version {manifest.version}; "
            f"move it to {manifest.name}/{manifest.version} or restore the right one"
        )
    return manifest


def audit(entry: Entry, variant: str = "default", verify: Verify | None = None) -> Artifact:
    """Read one entry and check everything that can be checked without running it.

    Args:
        verify: checks the signature of the manifest, which holds the SHA-256 of every file.

    Raises:
        SignatureError: `verify` refuses the manifest.
        ManifestError: the manifest breaks the schema.
        ArtifactError: a file is missing or differs from the manifest.
        GraphError: the graph is unreadable, unsafe, or differs from the manifest.
    """
    manifest = read_manifest(entry, verify)
    record = manifest.files.get(variant)
    if record is None:
        raise ArtifactError(f"{entry} has no variant {variant!r}; it has {sorted(manifest.files)}")
    graph = read_file(entry, record)
    golden = read_file(entry, manifest.golden)
    try:
        checked = check_graph(graph, manifest)
    except GraphError as error:
        raise GraphError(f"{entry.path / record.path}: {error}") from error
    try:
        return Artifact(manifest, graph, checked, read_golden(golden, manifest))
    except ArtifactError as error:
        raise ArtifactError(f"{entry.path / manifest.golden.path} {error}") from error


def read_file(entry: Entry, record: FileRecord) -> bytes:
    """The bytes of a recorded file.

    Raises:
        ArtifactError: it is missing, leads out of the repository, or its size or SHA-256 differs
            from the manifest.
    """
    path = entry.path / record.path
    data = read_inside(path, entry.root, record.bytes)
    digest = sha256(data)
    if digest != record.sha256:
        raise ArtifactError(
            f"{path} has SHA-256 {digest[:12]}... but its manifest says "
            f"{record.sha256[:12]}...; restore the file or retrain the model"
        )
    return data


def check_graph(graph: bytes, manifest: Manifest) -> Outline:
    """Check that a graph is safe and matches its manifest; returns its outline.

    Raises:
        GraphError: it is unreadable, has external tensors or an unknown operator, or its inputs
            or outputs differ from the manifest.
    """
    return check_tensors(graph, manifest.inputs, manifest.outputs)


def check_tensors(
    graph: bytes, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]
) -> Outline:
    """Check that a graph is safe and has exactly these tensors; returns its outline.

    Raises:
        GraphError: it is unreadable, has external tensors or an unknown operator, or has others.
    """
    found = outline(graph)
    check_safe(found)
    _check_tensors("input", inputs, found.inputs)
    _check_tensors("output", outputs, found.outputs)
    return found


def check_safe(graph: Outline) -> None:
    """Check that a graph reads no other files and uses only standard operators.

    Raises:
        GraphError: it has an external tensor or an unknown operator.
    """
    if graph.external_tensors:
        raise GraphError(
            f"tensor {graph.external_tensors[0]!r} is stored outside the file; "
            "export the model as one file"
        )
    if graph.unknown_operators:
        domain, operator = graph.unknown_operators[0]
        raise GraphError(
            f"operator {operator!r} has the domain {domain!r}, which is not among "
            f"{sorted(KNOWN_DOMAINS)}; export with standard operators"
        )


def _check_tensors(
    kind: str, specs: Sequence[TensorSpec], declared: Mapping[str, TensorType]
) -> None:
    """Check that the manifest names exactly the graph's tensors, with types the graph allows."""
    same = {spec.name for spec in specs} == set(declared)
    if not same or not all(declared[spec.name].allows(spec) for spec in specs):
        found = ", ".join(f"{name} {tensor}" for name, tensor in sorted(declared.items()))
        described = ", ".join(
            f"{s.name} {s.datatype} {list(s.shape)}" for s in sorted(specs, key=lambda s: s.name)
        )
        raise GraphError(f"its {kind}s are {found} but the manifest says {described}")


def record_of(name: str, data: bytes) -> FileRecord:
    """The manifest's record of a file called `name` with these bytes."""
    return FileRecord(path=name, sha256=sha256(data), bytes=len(data))


def check_writable(root: Path) -> None:
    """Check that a repository can be written to, or made, before work is spent on its models.

    Raises:
        RepositoryError: it cannot.
    """
    try:
        if root.exists() and not root.is_dir():
            raise NotADirectoryError(20, "it is a file")
        there = next(folder for folder in (root, *root.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise RepositoryError(
            f"models cannot be written to {root} ({error.strerror or error}); name another --out"
        ) from error


def write(root: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Entry:
    """Write one version atomically, replacing an existing one.

    Args:
        files: bytes by file name; it must hold every file that the manifest records.

    Raises:
        ArtifactError: a recorded file is absent or differs from its record.
    """
    for record in manifest.records:
        data = files.get(record.path)
        if data is None or sha256(data) != record.sha256:
            raise ArtifactError(f"{record.path} differs from its record in the manifest")
    target = root / manifest.name / manifest.version
    target.parent.mkdir(parents=True, exist_ok=True)
    # In the model's folder, so that renaming is atomic, and hidden, so that readers skip it.
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=target.parent))
    try:
        for name, data in {**files, MANIFEST_FILE: manifest.to_json().encode()}.items():
            (staging / name).write_bytes(data)
        staging.chmod(0o755)  # mkdtemp's 0700 hides it from other users
        # Move the old version aside first: it survives a crash between the two renames.
        aside = staging.with_name(staging.name.replace(".staging-", ".replaced-"))
        if target.exists():
            target.replace(aside)
        staging.replace(target)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Entry(manifest.name, int(manifest.version), target)


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def _directories(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
