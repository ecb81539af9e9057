"""`python -m scripts.sbom build/sbom.cdx.json`: the bill of materials, as CycloneDX 1.6.

It lists what `requirements/serve.txt` installs on this machine, with the hash of every file, and
every version of the model repository with the hashes of its manifest. Licences and dependencies are
those that the installed packages state.
"""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from contract.manifest import MANIFEST_FILE, FileRecord, Manifest
from contract.repository import Entry, entries, read_manifest, sha256
from service import __version__
from service.doctor.lock import Locked, locked

ROOT = Path(__file__).resolve().parent.parent
VERSION = SchemaVersion.V1_6
_PROPERTIES = "rosenblatt:model"


def bill(models: Path = ROOT / "models") -> Bom:
    """The bill of the serving set and of a model repository."""
    bom = Bom()
    bom.metadata.component = root = Component(
        name="rosenblatt",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="rosenblatt",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    packages = {line.name: package(line) for line in locked() if line.applies()}
    served = [model(entry) for entry in entries(models)]
    for component in (*packages.values(), *served):
        bom.components.add(component)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = [packages[name] for name in _names(project["dependencies"])]
    bom.register_dependency(root, [*direct, *served])
    for name, component in packages.items():
        needed = [packages[other] for other in _names(_stated(name)) if other in packages]
        bom.register_dependency(component, needed)
    return bom


def package(line: Locked) -> Component:
    """A package of the lock. The hashes are of all its files, of which a machine installs one.

    They belong to its distribution, which is named by the package's purl: pip may be told to
    download from any index.
    """
    purl = PackageURL("pypi", name=line.name, version=line.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        hashes=[_sha256(each.removeprefix("sha256:")) for each in line.hashes],
    )
    return Component(
        name=line.name,
        version=line.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=_licenses(line.name),
        external_references=[files],
    )


def model(entry: Entry) -> Component:
    """A model version. Its hash is its manifest's, which holds that of every file."""
    manifest = read_manifest(entry)
    reference = f"model:{manifest.name}@{manifest.version}"
    return Component(
        name=manifest.name,
        version=manifest.version,
        description=manifest.title,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=reference,
        hashes=[_sha256(sha256((entry.path / MANIFEST_FILE).read_bytes()))],
        properties=[
            Property(name=f"{_PROPERTIES}:{name}", value=value)
            for name, value in _described(manifest).items()
        ],
        components=[_file(record, reference) for record in _records(manifest)],
    )


def _file(record: FileRecord, reference: str) -> Component:
    return Component(
        name=record.path,
        type=ComponentType.FILE,
        bom_ref=f"{reference}/{record.path}",
        hashes=[_sha256(record.sha256)],
    )


def _records(manifest: Manifest) -> list[FileRecord]:
    """Every file once; two variants may share one."""
    pictures = (manifest.strongest_images,) if manifest.strongest_images else ()
    records = (*manifest.files.values(), manifest.golden, *pictures)
    return list({record.path: record for record in records}.values())


def _described(manifest: Manifest) -> Mapping[str, str]:
    """What else the manifest says of its origin."""
    found = {"task": manifest.task, "created": manifest.created.isoformat()}
    if manifest.algorithm is not None:
        found["algorithm"] = manifest.algorithm
    if manifest.training is not None:
        found["data"] = manifest.training.data.name
        found["commit"] = manifest.training.commit
    return found


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _stated(name: str) -> Sequence[str]:
    """What an installed package asks for."""
    try:
        return importlib.metadata.requires(name) or ()
    except importlib.metadata.PackageNotFoundError:
        return ()


def _names(requirements: Sequence[str]) -> Iterator[str]:
    """The packages that this machine needs of these, without extras."""
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def _licenses(name: str) -> list[License | LicenseExpression]:
    """What the installed package states: an SPDX expression, or else its classifiers."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return []
    factory = LicenseFactory()
    if expression := metadata.get_all("License-Expression"):
        return [factory.make_from_string(expression[0])]
    classified = [
        text.rsplit(" :: ", 1)[1]
        for text in metadata.get_all("Classifier") or ()
        if text.startswith("License :: ") and text.count(" :: ") > 1
    ]
    one_line = [text for text in metadata.get_all("License") or () if "\n" not in text]
    return [factory.make_from_string(text) for text in classified or one_line]


def main(target: Path) -> None:
    """Write the bill."""
    target.parent.mkdir(parents=True, exist_ok=True)
    outputter = make_outputter(bill(), OutputFormat.JSON, VERSION)
    outputter.output_to_file(str(target), allow_overwrite=True, indent=2)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m scripts.sbom TARGET")
    main(Path(sys.argv[1]))
