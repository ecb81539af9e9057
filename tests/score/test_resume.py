from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.faults import fault
from tests.repositories import tiny_repository
from tests.score.conftest import Score
from tests.score.process import await_parts, command, ended
from tests.score.sources import pictures, table

IMAGES = pictures(1000)


@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
@fault("score-killed")
def test_an_interrupted_run_is_taken_up_byte_for_byte(
    how: signal.Signals, status: int, models: Path, tmp_path: Path
) -> None:
    source = table(tmp_path / "in.parquet", pictures(6000), row_group_size=2000)
    options = ("--batch-rows", 64, "--threads", 1)
    target, whole = tmp_path / "out.parquet", tmp_path / "whole.parquet"
    parts = tmp_path / "out.parquet.parts"

    process = command(models, source, target, *options)
    await_parts(process, parts, 5)
    process.send_signal(how)
    said = ended(process, 30)
    assert process.returncode == status
    assert status != 130 or f"interrupted; the same command goes on with {target}" in said
    assert not target.exists()
    kept = {p.name: p.stat().st_mtime_ns for p in parts.glob("part-*.parquet")}
    (parts / "part-00000004.parquet.tmp").write_bytes(b"half")

    other = command(models, source, whole, *options)
    process = command(models, source, target, *options)
    await_parts(process, parts, len(kept) + 1)
    for name, written in kept.items():
        assert not (parts / name).exists() or (parts / name).stat().st_mtime_ns == written
    said = ended(process)
    assert process.returncode == 0, said
    assert f"scored 6,000 rows to {target}; {len(kept) * 64:,} of them before" in said
    said = ended(other)
    assert other.returncode == 0, said
    assert target.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in.parquet", "out.parquet", "whole.parquet",
    ]  # fmt: skip


@pytest.fixture
def begun(score: Score, tmp_path: Path) -> Path:
    """The source of a run that stopped at its eleventh part; its target is out.parquet."""
    source = tmp_path / "in.parquet"
    cells = [*IMAGES.reshape(1000, 784).tolist()[:999], [1]]
    pl.DataFrame({"image": cells}, schema={"image": pl.List(pl.UInt8)}).write_parquet(source)
    assert score(source, tmp_path / "out.parquet", "--batch-rows", 100) == 1
    parts = list((tmp_path / "out.parquet.parts").glob("part-*.parquet"))
    assert len(parts) == 9
    return source


def test_another_source_is_refused(
    score: Score, begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    table(begun, IMAGES)
    target = tmp_path / "out.parquet"
    assert score(begun, target, "--batch-rows", 100) == 1
    said = capsys.readouterr().err
    assert f"the source changed since {target}.parts was begun, from " in said
    assert "restore it, or begin anew with --overwrite" in said
    assert score(begun, target, "--batch-rows", 100, "--overwrite") == 0
    assert "of them before" not in capsys.readouterr().err
    assert pl.read_parquet(target).height == 1000


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--model", "beta"), "was begun with alpha version 1 and this is beta version 10; name"),
        (("--batch-rows", 50), "--batch-rows changed since "),
        (("--prefix", "my_"), "--prefix changed since "),
        (("--on-error", "null"), "--on-error changed since "),
    ],
)
def test_other_options_are_refused(
    options: tuple[object, ...], sentence: str, score: Score, begun: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    capsys.readouterr()
    assert score(begun, tmp_path / "out.parquet", "--batch-rows", 100, *options) == 1
    assert sentence in capsys.readouterr().err


def test_another_graph_of_the_same_version_is_refused(
    score: Score, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from service.settings import settings
    from tests.repositories import tiny_model

    root = tiny_repository(tmp_path / "models")
    tiny_model(root, "alpha", "1", seed=9)
    monkeypatch.setenv("ROSENBLATT_MODELS_DIR", str(root))
    settings.cache_clear()
    assert score(begun, tmp_path / "out.parquet", "--batch-rows", 100) == 1
    assert "the model's file changed since " in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "other rows"])
def test_parts_that_are_not_whole_are_scored_again(
    damage: str, score: Score, tmp_path: Path
) -> None:
    source, target = table(tmp_path / "in.parquet", IMAGES), tmp_path / "out.parquet"
    assert score(source, tmp_path / "whole.parquet", "--batch-rows", 100) == 0
    whole = pl.read_parquet(tmp_path / "whole.parquet")
    parts = tmp_path / "out.parquet.parts"
    _leave_parts(score, source, target)
    part = parts / "part-00000003.parquet"
    if damage == "absent":
        part.unlink()
    elif damage == "empty":
        part.write_bytes(b"")
    elif damage == "cut":
        part.write_bytes(part.read_bytes()[:-20])
    else:
        pl.read_parquet(part).head(7).write_parquet(part)
    assert score(source, target, "--batch-rows", 100) == 0
    assert_frame_equal(pl.read_parquet(target), whole, check_exact=True)


def test_a_run_that_only_has_to_join_joins(score: Score, tmp_path: Path) -> None:
    source, target = table(tmp_path / "in.parquet", IMAGES), tmp_path / "out.parquet"
    _leave_parts(score, source, target)
    assert score(source, target, "--batch-rows", 100) == 0
    assert pl.read_parquet(target)["id"].to_list() == list(range(1000))


def test_a_state_that_cannot_be_read_begins_anew(score: Score, tmp_path: Path) -> None:
    source, target = table(tmp_path / "in.parquet", IMAGES), tmp_path / "out.parquet"
    _leave_parts(score, source, target)
    (tmp_path / "out.parquet.parts" / "state.json").write_text("[")
    assert score(source, target, "--batch-rows", 100) == 0
    assert pl.read_parquet(target).height == 1000


def test_a_second_run_beside_is_refused(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl

    source, target = table(tmp_path / "in.parquet", IMAGES), tmp_path / "out.parquet"
    _leave_parts(score, source, target)
    capsys.readouterr()
    with (tmp_path / "out.parquet.parts" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert score(source, target, "--batch-rows", 100) == 1
    assert f"another run writes {target}; wait for it" in capsys.readouterr().err


def test_a_source_that_changes_meanwhile_is_noticed(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from service.score.parts import Parts

    source, target = table(tmp_path / "in.parquet", IMAGES), tmp_path / "out.parquet"
    write = Parts.write

    def touching(parts: Parts, number: int, frame: pl.DataFrame) -> None:
        os.utime(source, ns=(number, number))
        write(parts, number, frame)

    monkeypatch.setattr(Parts, "write", touching)
    assert score(source, target) == 1
    assert "the source changed while it was scored" in capsys.readouterr().err
    assert not target.exists()


def _leave_parts(score: Score, source: Path, target: Path) -> None:
    """All parts of a run that ended before it joined them."""
    from service.score.parts import Parts

    class StoppedError(Exception):
        pass

    def stop(parts: Parts) -> None:
        raise StoppedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "join", stop)
        with pytest.raises(StoppedError):
            score(source, target, "--batch-rows", 100)
    state = json.loads((target.with_name(f"{target.name}.parts") / "state.json").read_text())
    assert state["rows"] == 1000


def test_another_manifest_or_limit_is_refused(
    score: Score, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The labels stand in the manifest, and limits decide which images have an answer."""
    from service.settings import settings

    capsys.readouterr()
    monkeypatch.setenv("ROSENBLATT_MAX_IMAGE_PIXELS", "5000")
    settings.cache_clear()
    assert score(begun, tmp_path / "out.parquet", "--batch-rows", 100) == 1
    assert "ROSENBLATT_MAX_IMAGE_PIXELS changed since " in capsys.readouterr().err
    monkeypatch.delenv("ROSENBLATT_MAX_IMAGE_PIXELS")

    root = tiny_repository(tmp_path / "models")
    manifest = root / "alpha" / "1" / "manifest.json"
    document = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(document | {"title": "Another"}))
    monkeypatch.setenv("ROSENBLATT_MODELS_DIR", str(root))
    settings.cache_clear()
    assert score(begun, tmp_path / "out.parquet", "--batch-rows", 100) == 1
    assert "the model's manifest changed since " in capsys.readouterr().err
