"""The servers that are measured, as data: folder, command, pinned requirements."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contract.telemetry import OFF

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks" / "peers"
ENVIRONMENTS = ROOT / "build" / "peers"

OURS = "rosenblatt"


@dataclass(frozen=True)
class Contender:
    """One server.

    Attributes:
        folder: working directory; those of peers, in `benchmarks/peers`, hold `requirements.txt`.
        command: arguments of the interpreter; `{port}` is replaced.
        paths: the path of each kind of request that the server supports (`requests.py`).
        ready: path that returns 200 when the server is ready; None if it has no such path.
        environment: extra environment variables; `{port}` is replaced.
    """

    name: str
    folder: Path
    command: tuple[str, ...]
    paths: Mapping[str, str]
    ready: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def python(self) -> Path:
        """The interpreter of the server's virtual environment, created if missing or outdated."""
        requirements = self.folder / "requirements.txt"
        if not requirements.exists():
            return Path(sys.executable)
        folder = ENVIRONMENTS / self.folder.name
        installed = folder / "installed.txt"
        if not installed.exists() or installed.read_text() != requirements.read_text():
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run(
                [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", requirements],
                check=True,
            )
            installed.write_text(requirements.read_text())
        return folder / "bin" / "python"


UVICORN = (
    "-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--loop", "uvloop",
    "--http", "httptools", "--no-access-log", "--log-level", "warning",
)  # fmt: skip
_BENTOML = ("-m", "bentoml", "serve", "--host", "127.0.0.1", "--port", "{port}")
_RAW = {"json": "/predict", "binary": "/raw", "binary-64": "/raw"}
_INFER = "/v2/models/digits-cnn/infer"

CONTENDERS = (
    Contender(
        OURS, ROOT, (*_BENTOML, "service.app:Rosenblatt"),
        {"json": "/predict", "v2-json": _INFER, "binary": _INFER, "binary-64": _INFER},
        "/readyz",
        {"ROSENBLATT_WORKERS": "1", "ROSENBLATT_PROVIDER": "cpu"},
    ),
    Contender(
        "FastAPI + pydantic", PEERS / "fastapi", (*UVICORN, "app:app"), {"json": "/predict"}
    ),
    Contender(
        "stock BentoML", PEERS / "stock_bentoml", (*_BENTOML, "service:Stock"),
        {"json": "/predict"}, "/readyz",
    ),
    Contender(
        "LitServe", PEERS / "litserve", ("app.py",), {"json": "/predict"}, "/health",
        {"PORT": "{port}"},
    ),
    Contender(
        "MLServer", PEERS / "mlserver",
        ("-c", "from mlserver.cli import main; main()", "start", "."),
        {"v2-json": _INFER}, "/v2/health/ready",
        {"MLSERVER_HOST": "127.0.0.1", "MLSERVER_HTTP_PORT": "{port}"},
    ),
    Contender(
        "Ray Serve", PEERS / "ray_serve", ("app.py",), {"json": "/predict"}, "/-/healthz",
        {"PORT": "{port}"},
    ),
    Contender("bare Starlette", PEERS / "floors", (*UVICORN, "app:bare_starlette"), _RAW),
    Contender("bare ASGI", PEERS / "floors", (*UVICORN, "app:bare_asgi"), _RAW),
)  # fmt: skip


def ours() -> Contender:
    """This service."""
    return next(contender for contender in CONTENDERS if contender.name == OURS)


def in_turn(turn: int) -> Sequence[Contender]:
    """All contenders, in reverse every second turn, so that drift favours none of them."""
    return CONTENDERS if turn % 2 == 0 else CONTENDERS[::-1]


def environment(contender: Contender, port: int, model: Path, home: Path) -> dict[str, str]:
    """The environment of a contender's process, without the caller's settings of this service."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROSENBLATT_", "BENTOML_"))}
    own = {name: value.format(port=port) for name, value in contender.environment.items()}
    common = {"MODEL": str(model), "BENTOML_HOME": str(home), **OFF}
    return {**kept, **common, **own}
