"""Ray Data on a cluster of this process's own."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from contract.telemetry import OFF
from service.errors import InvalidError, StartupError
from service.score import ray as on_ray
from service.score.cluster import cluster, import_ray
from tests.score.actors import Dying, Waiting
from tests.score.conftest import Score
from tests.score.process import command, ended
from tests.score.sources import expected, pictures, png, table

pytestmark = pytest.mark.slow

IMAGES = pictures(500)
ROWS = 40_000  # four blocks


@pytest.fixture(scope="module")
def ray(models: Path) -> Iterator[Any]:
    """One cluster for the tests of this file, with the tiny models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROSENBLATT_MODELS_DIR", str(models))
        patch.setenv("ROSENBLATT_DEFAULT_MODEL", "alpha")
        patch.setenv("ROSENBLATT_PROVIDER", "cpu")
        package = import_ray()
        with cluster(package, None):
            yield package


def read(folder: Path) -> pl.DataFrame:
    """The rows of a target in the order of its files."""
    return pl.concat([pl.read_parquet(path) for path in sorted(folder.iterdir())])


@pytest.mark.parametrize(
    ("kind", "key", "options"),
    [
        ("table", "id", ()), ("folder", "path", ()), ("bad", "id", ("--on-error", "null")),
        ("csv", "id", ("--model", "loans", "--on-error", "null")),
        ("csv.gz", "id", ("--model", "loans", "--on-error", "null")),
    ],
)  # fmt: skip
def test_rows_equal_those_of_the_local_path_in_their_order(
    kind: str, key: str, options: tuple[str, ...], ray: Any, score: Score, tmp_path: Path
) -> None:
    source = _source(kind, tmp_path)
    here, there = tmp_path / "here.parquet", tmp_path / "there"
    assert score(source, here, *options) == 0
    assert score(source, there, "--ray", "--batch-rows", 64, *options) == 0
    wanted, found = pl.read_parquet(here), read(there)
    assert found.columns == wanted.columns
    probabilities = pl.col("probabilities").cast(pl.List(pl.Float32))
    without = pl.exclude("error")
    assert_frame_equal(
        found.with_columns(probabilities).select(without),
        wanted.with_columns(probabilities).select(without),
        abs_tol=1e-6,
    )
    assert "error" not in found or found["error"].null_count() == len(found) - 1
    assert "error" not in found or found["error"].is_null().equals(wanted["error"].is_null())
    assert found[key].to_list() == wanted[key].to_list()


def _source(kind: str, tmp_path: Path) -> Path:
    if kind == "table":
        # A path that looks like a column must not become one.
        (tmp_path / "x=1").mkdir()
        return table(tmp_path / "x=1" / "in.parquet", IMAGES, row_group_size=100)
    if kind.startswith("csv"):
        text = 'town,id,age,income,note\n,1,30,1e3,"a\n""b"""\nOslo,2,x,,\nRome,3,,-1.5,c\n'
        data = text.encode()
        path = tmp_path / f"in.{kind}"
        path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
        return path
    if kind == "bad":
        frame = pl.DataFrame({"id": [1, 2], "image": [png(IMAGES[0]), b"x"]})
        frame.write_parquet(tmp_path / "bad.parquet")
        return tmp_path / "bad.parquet"
    root = tmp_path / "images"
    root.mkdir()
    for i, image in enumerate(IMAGES[:20]):
        (root / f"{i:03}.png").write_bytes(png(image))
    return root


def test_refusals_are_one_sentence(
    ray: Any, score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = _source("bad", tmp_path)
    assert score(bad, tmp_path / "out", "--ray") == 1
    said = capsys.readouterr().err
    assert f'error: the row of {bad} with id 2, column "image", holds 1 bytes' in said
    assert len(said.splitlines()) == 1
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    for source in ("none", "broken.parquet"):
        assert score(tmp_path / source, tmp_path / "out", "--ray") == 1
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.parquet", "broken.parquet"]


def test_an_old_target_is_replaced_at_the_end(ray: Any, score: Score, tmp_path: Path) -> None:
    source, target = table(tmp_path / "in.parquet", IMAGES), tmp_path / "out"
    assert score(source, target, "--ray") == 0
    old = {path.name: path.read_bytes() for path in target.iterdir()}
    bad = _source("bad", tmp_path)
    assert score(bad, target, "--ray", "--overwrite") == 1
    assert {path.name: path.read_bytes() for path in target.iterdir()} == old
    assert score(bad, target, "--ray", "--overwrite", "--on-error", "null") == 0
    assert read(target)["id"].to_list() == [1, 2]


def test_an_actor_killed_half_way_loses_and_repeats_no_row(
    ray: Any, models: Path, tmp_path: Path
) -> None:
    images = pictures(ROWS)
    source = table(tmp_path / "in.parquet", images, row_group_size=5000)
    pid = tmp_path / "pid"
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(_kill, pid)
        on_ray.score(
            str(source), str(tmp_path / "out"), batch_rows=500, column=None, actor=Waiting,
            at=ROWS // 2, pid=str(pid),
        )  # fmt: skip
        assert killed.result() == int(pid.read_text())
    found = read(tmp_path / "out")
    assert found["id"].to_list() == list(range(ROWS))
    assert found["label"].to_list() == expected(models, images)[0]


def _kill(pid: Path) -> int:
    """Kill the process that waits, when it does."""
    deadline = time.monotonic() + 300
    while not pid.exists():
        assert time.monotonic() < deadline, "no actor has come to the row"
        time.sleep(0.01)
    process = int(pid.read_text())
    os.kill(process, signal.SIGKILL)
    return process


def test_a_row_that_kills_every_actor_ends_the_run(ray: Any, tmp_path: Path) -> None:
    source = table(tmp_path / "in.parquet", IMAGES)
    (tmp_path / "died").mkdir()
    with pytest.raises(StartupError, match="the process of an actor died more often than it is"):
        on_ray.score(
            str(source), str(tmp_path / "out"), batch_rows=64, column=None, actor=Dying,
            at=250, folder=str(tmp_path / "died"),
        )  # fmt: skip
    assert len(list((tmp_path / "died").iterdir())) == on_ray.RESTARTS + 1
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["died", "in.parquet"]


def test_files_and_their_rows_are_in_order(ray: Any, tmp_path: Path) -> None:
    from service.score.sink import ParquetFiles

    place = f"file://{tmp_path}/out"
    (tmp_path / "out").mkdir()
    for rows in (2000, 1000):
        data = ray.data.range(rows, override_num_blocks=rows // 100)
        data.write_datasink(ParquetFiles(place, overwrite=True, file_bytes=1))
        assert len(list((tmp_path / "out").iterdir())) == rows // 100
        assert read(tmp_path / "out")["id"].to_list() == list(range(rows))
    with pytest.raises(InvalidError, match="out exists already; name another folder, or replace"):
        ParquetFiles(place, overwrite=False)


def test_its_processes_report_nothing(ray: Any) -> None:
    found = ray.get(ray.remote(lambda: {name: os.environ.get(name) for name in OFF}).remote())
    assert found == OFF


def test_no_other_process_joins_the_cluster(ray: Any, tmp_path: Path) -> None:
    address = ray.get_runtime_context().gcs_address
    known = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "COV", "HOME"))}
    join = [sys.executable, "-c", f"import ray; ray.init(address={address!r})"]
    stranger = subprocess.run(
        join, env=known | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert stranger.returncode != 0
    assert "Failed to connect to Ray cluster" in stranger.stderr
    friend = known | {name: os.environ[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    assert subprocess.run(join, env=friend, capture_output=True, check=False).returncode == 0


def test_the_command_line_starts_and_stops_its_own_cluster(models: Path, tmp_path: Path) -> None:
    source = table(tmp_path / "in.parquet", IMAGES)
    process = command(models, source, tmp_path / "out", "--ray")
    said = ended(process, 300)
    assert process.returncode == 0, said
    assert f"scored {source} to the Parquet files of {tmp_path / 'out'}" in said
    assert read(tmp_path / "out")["label"].to_list() == expected(models, IMAGES)[0]
