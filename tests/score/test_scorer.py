from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service import sign
from service.errors import InvalidError, ServiceError
from service.score import Scorer
from service.score.cells import Cells
from service.score.problems import Problems
from service.score.progress import Progress
from service.settings import Settings
from tests.repositories import IMAGES as IMAGES_INPUT
from tests.repositories import tiny_model, write_rollout
from tests.score.sources import expected, pictures, png

IMAGES = pictures(600)
DECODER = Cells(IMAGES_INPUT, "cell", Settings())


@pytest.fixture(scope="module")
def scorer(models: Path) -> Scorer:
    return Scorer("alpha", given=Settings(models_dir=models), threads=2)


def test_a_batch_of_arrays_comes_back_with_its_results(scorer: Scorer, models: Path) -> None:
    batch = scorer({"id": np.arange(600), "image": IMAGES})
    label, probabilities = expected(models, IMAGES)
    assert list(batch) == ["id", "label", "probabilities", "model", "version"]
    assert batch["label"].tolist() == label
    np.testing.assert_allclose(batch["probabilities"], probabilities, atol=1e-6)
    assert batch["version"].tolist() == ["1"] * 600


def test_a_batch_of_nothing_has_the_columns(scorer: Scorer) -> None:
    batch = scorer({"image": IMAGES[:0]})
    assert batch["probabilities"].shape == (0, 10)


def test_the_stable_version_of_a_rollout_scores(tmp_path: Path) -> None:
    """As it answers the service's clients; without the file the highest does."""
    for version in ("1", "2"):
        tiny_model(tmp_path, "alpha", version)
    rollout = write_rollout(tmp_path, "alpha")

    def answering() -> str:
        scorer = Scorer("alpha", given=Settings(models_dir=tmp_path), threads=1)
        found: str = scorer({"image": IMAGES[:1]})["version"][0]
        return found

    assert answering() == "1"
    rollout.write_text('{"stable": "9"}')
    assert answering() == "2"
    rollout.unlink()
    assert answering() == "2"


def test_an_unsigned_rollout_promotes_nothing(tmp_path: Path) -> None:
    """Where signatures are required."""
    root, key = tmp_path / "models", tmp_path / "signing.pem"
    for version in ("1", "2"):
        tiny_model(root, "alpha", version)
    write_rollout(root, "alpha")
    sign.make_key(key)
    wanted = Settings(models_dir=root, model_keys=key.with_name("signing.pem.pub"))

    def answering() -> str:
        return Scorer("alpha", given=wanted, threads=1).session.version

    assert sign.main(["--key", str(key), str(root / "alpha/1"), str(root / "alpha/2")]) == 0
    assert answering() == "1"
    assert sign.main(["--key", str(key), str(root)]) == 0
    assert answering() == "1"


def test_errors_of_a_batch(scorer: Scorer) -> None:
    with pytest.raises(InvalidError, match='column "image" is not among id'):
        scorer({"id": np.arange(3)})
    cells = np.array([b"x", None], object)
    with pytest.raises(InvalidError, match='row 0 of a batch, column "image", holds 1 bytes'):
        scorer({"image": cells})


def test_null_answers_say_why(models: Path) -> None:
    scorer = Scorer("alpha", given=Settings(models_dir=models), on_error="null")
    cells = np.empty(3, object)
    cells[:] = [png(IMAGES[0]), None, {"bytes": png(IMAGES[1])}]
    batch = scorer({"image": cells})
    assert [label is None for label in batch["label"]] == [False, True, False]
    assert np.isnan(batch["probabilities"]).any(axis=1).tolist() == [False, True, False]
    assert batch["error"].tolist()[1].endswith("is null; it must hold an image")
    scorer.close()


CELLS = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.lists(st.integers(-1, 300), max_size=4),
    st.lists(st.lists(st.integers(0, 255) | st.none() | st.floats(), max_size=3), max_size=3),
    st.builds(lambda b, n: png(IMAGES[0])[:n] + b, st.binary(max_size=40), st.integers(0, 400)),
    st.dictionaries(st.sampled_from(["bytes", "path"]), st.none() | st.binary(max_size=5)),
    st.integers(-1, 2**70).map(lambda pixel: [[pixel] * 28] * 28),
)


@hypothesis_settings(max_examples=100, deadline=None)
@given(CELLS)
def test_any_cell_is_an_image_or_one_sentence(cell: object) -> None:
    cells = np.empty(1, object)
    cells[0] = cell
    problems = Problems(lambda i, column: f"{column} {i}", fail=False)
    found = DECODER.decode(cells, problems)
    assert found.shape == (1, 28, 28)
    if problems.sentences:
        sentence = problems.sentences[0]
        assert sentence.startswith("cell 0 ")
        assert "\n" not in sentence
        assert len(sentence) < 300
        with pytest.raises(ServiceError):
            DECODER.decode(cells, Problems(lambda i, column: f"{column} {i}", fail=True))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_rewrites_its_line_on_a_terminal() -> None:
    now = iter([0.0, *[1.0] * 100])
    stream = Terminal()
    progress = Progress(stream, 10_000, 2_000, clock=lambda: next(now))
    progress.add(1_000)
    progress.close()
    line = "\r3,000 of 10,000 rows, 1,000 rows/s, 0:07 left\x1b[K"
    assert stream.getvalue() == f"{line}{line}\n"


def test_progress_is_plain_lines_elsewhere() -> None:
    clock = [0.0]
    stream = io.StringIO()
    progress = Progress(stream, 10_000_000, clock=lambda: clock[0])
    assert progress.line() == "0 of 10,000,000 rows, 0 rows/s, ? left"
    for clock[0] in (1.0, 9.0, 10.0, 11.0, 25.0):
        progress.add(10_000)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "30,000 of 10,000,000 rows, 3,000 rows/s, 55:23 left",
        "50,000 of 10,000,000 rows, 2,000 rows/s, 1:22:55 left",
    ]
