"""What pip needs to reach its index from inside a build, given as secrets: none stays in the image.

The settings and the certificates are those of the building machine: a mirror, a proxy, the
certificates of a firm. Where it has none, pip uses PyPI as it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Folders of this machine are not there during a build, so addresses of files are left out.
_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")
_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_MOUNTED = "/run/secrets/certificates"


@contextmanager
def secrets() -> Iterator[list[str]]:
    """Options of `build` that hand the settings over while the block lasts."""
    settings = _pip_settings()
    certificates = certificates_of(os.environ, settings)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "pip.conf"
        written.write_text(pip_conf(settings, certificates is not None))
        options = ["--secret", f"id=pip.conf,src={written}"]
        if certificates is not None:
            options += ["--secret", f"id=certificates,src={certificates}"]
        yield options


def pip_conf(settings: Mapping[str, str], has_certificates: bool) -> str:
    """The configuration of pip for inside the build."""
    kept = {}
    for name in _SETTINGS:
        reachable = [word for word in settings.get(name, "").split() if "file:" not in word]
        if reachable:
            kept[name] = " ".join(reachable)
    if has_certificates:
        kept["cert"] = _MOUNTED
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in kept.items()), ""])


def certificates_of(environment: Mapping[str, str], settings: Mapping[str, str]) -> str | None:
    """The file of certificates that this machine trusts in place of pip's own, if there is one."""
    named = [settings.get("cert"), *(environment.get(name) for name in _CERTIFICATES)]
    return next((path for path in named if path and Path(path).is_file()), None)


def _pip_settings() -> dict[str, str]:
    """This machine's settings of pip, from its files and the environment; the last one holds."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found = re.findall(r"^[^=]*?\.([a-z-]+)=(['\"])(.*)\2$", listed, re.MULTILINE)
    return {name.removeprefix("default-"): value.replace("\\n", " ") for name, _, value in found}
