"""The guide's rules, and every model, loaded as a worker loads it."""

from __future__ import annotations

from collections.abc import Iterator

from contract.errors import ContractError
from contract.repository import Entry, Stray, entries
from guide.errors import RulesetError
from guide.rules import ruleset
from guide.tables import library
from service.doctor.check import Check
from service.errors import StartupError
from service.inference import provider
from service.inference.session import load
from service.settings import Settings


def checks(settings: Settings) -> Iterator[Check]:
    """Every check of what is served."""
    yield _provider(settings)
    yield _guide()
    yield from _models(settings)


def _provider(settings: Settings) -> Check:
    try:
        provider.require(settings)
    except StartupError as error:
        return Check("fail", "provider", str(error))
    return Check("ok", "provider", "CUDA" if provider.cuda_is_used(settings) else "CPU")


def _guide() -> Check:
    try:
        rules = ruleset()
        library()
    except RulesetError as error:
        return Check("fail", "guide", str(error))
    return Check("ok", "guide", f"{len(rules.rules)} rules, version {rules.version}")


def _models(settings: Settings) -> Iterator[Check]:
    strays: list[Stray] = []
    try:
        versions = entries(settings.models_dir, strays.append)
    except ContractError as error:
        yield Check("fail", "models", str(error))
        return
    for stray in strays:
        subject = f"{stray.name}/{stray.version}".rstrip("/")
        yield Check("fail", subject, f"{stray.path}: {stray.reason}")
    for entry in versions:
        yield _model(entry, settings)
    names = sorted({entry.name for entry in versions})
    if settings.default_model not in names:
        yield Check(
            "fail", "default model", f"{settings.default_model} is not in the repository; set "
            f"ROSENBLATT_DEFAULT_MODEL to one of {', '.join(names) or 'none'}",
        )  # fmt: skip


def _model(entry: Entry, settings: Settings) -> Check:
    """Audit, load and replay one version, as a worker does."""
    try:
        session = load(entry, settings)
    except (ContractError, StartupError) as error:
        return Check("fail", str(entry), str(error))
    return Check(
        "ok", str(entry), f"{session.provider}, answers its golden inputs after "
        f"{session.load_seconds:.2f} s",
    )  # fmt: skip
