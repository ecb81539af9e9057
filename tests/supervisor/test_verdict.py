"""When the old workers must serve on."""

from __future__ import annotations

import pytest

from service.selection import Rejection
from service.supervisor.messages import Loaded
from service.supervisor.verdict import newly_refused, objection

CUT = Rejection("a", "2", "it is cut")
BEFORE = Loaded(True, (("a", "1"), ("b", "9")), ())


@pytest.mark.parametrize(
    ("after", "loads", "unloads", "expected"),
    [
        (BEFORE, [], False, ""),
        (Loaded(True, (("a", "1"), ("a", "2")), ()), ["a"], False, ""),
        (Loaded(True, (("a", "1"),), (CUT,)), [], False, "model 'a' version 2 was refused"),
        (Loaded(True, (("a", "1"),), (CUT,)), ["a"], True, "model 'a' version 2 was refused"),
        (BEFORE, ["c"], False, "model 'c' is not in the repository"),
        (Loaded(False, (("b", "9"),), ()), [], False, "the default model would no longer serve"),
        (Loaded(False, (("b", "9"),), ()), [], True, ""),
    ],
)
def test_objection(after: Loaded, loads: list[str], unloads: bool, expected: str) -> None:
    found = objection(BEFORE, after, loads, unloads)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)


def test_what_was_refused_before_is_no_objection_unless_it_is_asked_for() -> None:
    before = Loaded(True, (("a", "1"),), (CUT,))
    assert newly_refused(before, before) == []
    assert objection(before, before, [], unloads=False) == ""
    assert "it is cut" in objection(before, before, ["a"], unloads=False)


def test_an_older_version_that_is_refused_is_no_objection() -> None:
    """A request that names no version gets the newer one; 10 is newer than 9."""
    before = Loaded(True, (("b", "10"),), (Rejection("b", "9", "it is cut"),))
    assert objection(before, before, ["b"], unloads=False) == ""


def test_a_server_that_was_not_ready_need_not_become_ready() -> None:
    before = Loaded(False, (("a", "1"),), ())
    assert objection(before, before, [], unloads=False) == ""


WRONG = Rejection("a", "", "rollout.json is not valid")


def test_a_new_version_beside_a_wrong_rollout_is_held_back() -> None:
    """It may have been meant for a rollout, and must not be promoted by mistake."""
    after = Loaded(True, (("a", "1"), ("a", "2"), ("b", "9")), (), (WRONG,))
    assert newly_refused(BEFORE, after) == [Rejection("a", "2", "rollout.json is not valid")]
    assert "version 2 was refused: rollout.json is not" in objection(BEFORE, after, [], False)


def test_a_wrong_rollout_alone_is_no_objection() -> None:
    """Of versions that served before, or of a model that did not."""
    after = Loaded(True, BEFORE.serving, (), (WRONG,))
    assert objection(BEFORE, after, ["a"], unloads=False) == ""
    before = Loaded(True, (("b", "9"),), ())
    assert objection(before, after, ["a"], unloads=False) == ""


@pytest.mark.parametrize(
    ("now", "faults", "expected"),
    [
        ("2", (WRONG,), "model 'a' would answer with version 2 in place of 1"),
        ("1", (WRONG,), ""),
        ("2", (), ""),
    ],
)
def test_a_wrong_rollout_may_not_change_what_answers(
    now: str, faults: tuple[Rejection, ...], expected: str
) -> None:
    serving = (("a", "1"), ("a", "2"))
    before = Loaded(True, serving, (), (), (("a", "1"),))
    found = objection(before, Loaded(True, serving, (), faults, (("a", now),)), [], unloads=False)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)
