"""API keys: made, read from setting and file, told apart."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rosenblatt.key import main
from service.api_keys import find_key, new_key, read_keys
from service.errors import StartupError


def test_a_new_key_is_accepted_by_its_entry() -> None:
    key, entry = new_key()
    admin_key, admin_entry = new_key(admin=True)
    keys = read_keys(f"{entry}, {admin_entry}", None)
    found, admin = find_key(keys, key.encode()), find_key(keys, admin_key.encode())
    assert found is not None
    assert not found.admin
    assert admin is not None
    assert admin.admin
    assert find_key(keys, key.encode() + b"x") is None
    assert find_key(keys, entry.encode()) is None
    assert new_key()[0] != key


def test_a_file_has_an_entry_per_line(tmp_path: Path) -> None:
    (first, one), (second, two) = new_key(), new_key(admin=True)
    file = tmp_path / "keys"
    file.write_text(f"# keys\n{one}  # of the shop\n\n{two}\n")
    keys = read_keys("", file)
    assert [key.admin for key in keys] == [False, True]
    assert find_key(keys, first.encode()) == keys[0]
    assert find_key(keys, second.encode()) == keys[1]


@pytest.mark.parametrize("wrong", ["rsb_secret", "admin:", "0" * 63, "0" * 65, "root:" + "0" * 64])
def test_a_wrong_entry_is_named_and_not_shown(wrong: str, tmp_path: Path) -> None:
    good = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(StartupError, match=r"ROSENBLATT_API_KEYS, entry 2, is not") as caught:
        read_keys(f"{good},{wrong}", None)
    assert wrong not in str(caught.value) or wrong == "admin:"
    file = tmp_path / "keys"
    file.write_text(f"{good}\n{wrong}\n")
    with pytest.raises(StartupError, match="ROSENBLATT_API_KEYS_FILE, line 2, is not"):
        read_keys("", file)


def test_a_file_that_is_no_list_of_keys_is_refused(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("# none yet\n")
    binary.write_bytes(b"\xff\xfe")
    for file, why in ((empty, "has no entry"), (binary, "not UTF-8"), (tmp_path / "no", "No such")):
        with pytest.raises(StartupError, match=why):
            read_keys("", file)


def test_the_command_prints_a_key_and_its_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--admin"]) == 0
    key, entry = (line.split()[1] for line in capsys.readouterr().out.splitlines())
    assert entry == "admin:" + hashlib.sha256(key.encode()).hexdigest()
