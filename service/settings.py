"""All settings, read from environment variables with the prefix `ROSENBLATT_`.

Any other variable with the prefix is refused, but those that `service.variables` lists.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.errors import StartupError
from service.variables import PREFIX, unknown_setting

# models/ stands beside service/, in the source tree and in a built bento.
_MODELS = Path(__file__).resolve().parent.parent / "models"
MOST_WORKERS = 256


def _split(value: object) -> object:
    """The entries of a list that is separated by commas."""
    if isinstance(value, str):
        return tuple(entry.strip() for entry in value.split(",") if entry.strip())
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
# Files that a worker opens besides its connections: models, counts, files to profile.
_OTHER_FILES = 512


class Settings(BaseSettings):
    """All settings with their defaults and limits; `docs/operations.md` is generated from it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, protected_namespaces=()
    )

    models_dir: Path = Field(_MODELS, description="Model repository to serve.")
    default_model: str = Field("digits-cnn", description="Model for requests that name none.")
    model_keys: Path | None = Field(
        None,
        description="File with the public keys, Ed25519 as PEM, one of which must have signed a "
        "model version; unset, versions need no signature.",
    )
    provider: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="Where graphs run: `auto` uses CUDA if it works and the CPU otherwise; with "
        "`cuda` the service does not start unless CUDA works.",
    )
    gpu_memory_mb: int = Field(
        2048,
        ge=256,
        description="Most GPU memory for the models of one worker together, in MiB, not counting "
        "CUDA's context and libraries.",
    )
    intra_op_threads: int = Field(
        1,
        ge=1,
        le=256,
        description="ONNX Runtime threads per session; more workers beat more threads.",
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=MOST_WORKERS,
        description="Number of serving processes, each with all models; by default one per core "
        "that the control group grants, or a single one if graphs run on CUDA.",
    )
    max_rows: int = Field(1024, ge=1, description="Most instances in one request.")
    max_pending_requests: int = Field(
        256,
        ge=1,
        description="Most concurrent requests with a body, per worker; more get 503 with "
        "Retry-After.",
    )
    max_pending_bytes: int = Field(
        64 * 2**20,
        ge=1024,
        description="Most bytes of all request bodies in memory, per worker; more get 503 with "
        "Retry-After.",
    )
    max_waiting_rows: int = Field(
        2048,
        ge=1,
        description="Most rows that wait for one model, per worker, since each worker batches its "
        "own requests; more get 503 with Retry-After.",
    )
    # 1,024 images of 784 three-digit pixels are 3.2 MB; parsed JSON takes many times its size.
    max_body_bytes: int = Field(4 * 2**20, ge=1024, description="Largest request body, in bytes.")
    max_image_pixels: int = Field(
        2**20, ge=1, description="Most pixels of an encoded image, checked before decoding it."
    )
    profile_max_bytes: int = Field(
        128 * 2**20, ge=1024, description="Largest file to profile, in bytes."
    )
    profile_max_rows: int = Field(1_000_000, ge=1, description="Most rows of a profiled table.")
    profile_max_columns: int = Field(10_000, ge=1, description="Most columns of a profiled table.")
    profile_max_pixels: int = Field(
        50_000_000,
        ge=1,
        description="Most pixels of an image in a profiled zip, as its header says; no image is "
        "decoded.",
    )
    profile_max_files: int = Field(10_000, ge=1, description="Most files in a profiled zip.")
    profile_max_unpacked_bytes: int = Field(
        256 * 2**20,
        ge=1024,
        description="Most bytes a profiled file may unpack to: a table in memory, or all files of "
        "a zip together.",
    )
    profile_memory_mb: int = Field(
        2048,
        ge=64,
        description="Most memory that reading a profiled file may take, in MiB; the process that "
        "reads it ends beyond it. Kept on Linux alone.",
    )
    profile_timeout_seconds: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest that reading a profiled file may take before its process is killed, "
        "with 504.",
    )
    timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=600,
        description="Longest time for the rows of a request to wait and run, in seconds; then 504. "
        "A run that has begun goes on. A model's queue holds at most the rows that it can run "
        "in half this time.",
    )
    header_seconds: float = Field(
        10.0,
        gt=0,
        le=600,
        description="Longest time from the first byte of a request to the end of its headers, in "
        "seconds; then 408. A connection on which no request begins is closed after it.",
    )
    keep_alive_seconds: float = Field(
        5.0,
        gt=0,
        le=3600,
        description="Longest time between two requests of a connection, in seconds; then it is "
        "closed.",
    )
    max_header_bytes: int = Field(
        65_536,
        ge=1024,
        le=2**24,
        description="Most bytes of a request line and headers; more get 431.",
    )
    max_connections: int = Field(
        1024,
        ge=1,
        le=100_000,
        description="Most connections of each worker; on more, health and metrics are answered and "
        "all else gets 503 with Retry-After, and beyond twice as many they are closed.",
    )
    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=300,
        description="Seconds for which the server answers as before once it is told to stop, while "
        "readiness is 503; behind a load balancer, as long as that takes to notice.",
    )
    model_control: Literal["explicit", "none"] = Field(
        "explicit",
        description="Whether clients may load and unload models: with `explicit` those with an "
        "`admin:` key, or all that are answered if there are no keys; with `none` nobody.",
    )
    reload_timeout_seconds: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="Longest time for a worker to load its models, in seconds, at start and in a "
        "reload; a reload that takes longer fails.",
    )
    repository_poll_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Seconds between checks of the model repository for changes, which are then "
        "loaded; 0 never checks.",
    )
    drift: bool = Field(
        True,
        description="Compare what arrives with what training saw, for `/models/{name}/drift` and "
        "the metrics.",
    )
    drift_rows_per_second: int = Field(
        200,
        ge=10,
        le=100_000,
        description="Most rows of each model that are looked at for drift, per worker.",
    )
    request_log_dir: Path | None = Field(
        None, description="Folder for a sampled log of requests; unless set, none is written."
    )
    request_log_share: float = Field(
        0.01, gt=0, le=1, description="Share of the requests that are logged, chosen at random."
    )
    request_log_max_bytes: int = Field(
        64 * 2**20,
        ge=2**20,
        description="Most bytes of the log's files together; the oldest are deleted.",
    )
    request_log_pictures: bool = Field(False, description="Log pictures too, as PNG.")
    request_log_texts: bool = Field(
        False, description="Log columns of free text too, which may hold personal data."
    )
    api_keys: SecretStr = Field(
        SecretStr(""),
        description="SHA-256 of each accepted API key, as `rosenblatt key` prints them, separated "
        "by commas; those after `admin:` may load and unload models.",
    )
    api_keys_file: Path | None = Field(
        None, description="File with one such entry per line, read at start and in a reload."
    )
    allow_anonymous: bool = Field(
        False,
        description="Without API keys, listen and answer beyond loopback addresses as well: for "
        "networks that only trusted clients can reach.",
    )
    allowed_hosts: Names = Field(
        (),
        description="Names, separated by commas, that a Host header may have besides addresses and "
        "localhost. Checked where it is set, and on loopback addresses if there are no API keys.",
    )
    cors_origins: Names = Field(
        (),
        description="Origins, separated by commas, of pages that may use the service besides its "
        "own, as `https://app.example.org`; `*` is any.",
    )
    access_log: bool = Field(
        False, description="Log a line per request, without what the client sent."
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="How the processes log: as text, or as JSON objects with the request's id and "
        "trace.",
    )
    tracing: bool = Field(
        False,
        description="Export BentoML's OpenTelemetry spans as its configuration says; every route "
        "then runs its middlewares.",
    )
    tracing_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="Address of an OpenTelemetry collector that takes OTLP over HTTP, such as "
        "`http://127.0.0.1:4318/v1/traces`; it turns tracing on.",
    )
    tracing_sample_rate: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Share of requests that are traced; those that a caller traces always are.",
    )


def open_files(given: Settings) -> int:
    """Files that a worker may have open: connections up to twice the limit, and its own files."""
    return 2 * given.max_connections + _OTHER_FILES


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        StartupError: a variable has an invalid value, or none of these settings has its name.
    """
    if problem := unknown_setting(os.environ, Settings.model_fields):
        raise StartupError(problem)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = f"{PREFIX}{str(first['loc'][0]).upper()}"
        raise StartupError(
            f"{name} is {first['input']!r}: {first['msg']}; docs/operations.md lists the settings"
        ) from error
