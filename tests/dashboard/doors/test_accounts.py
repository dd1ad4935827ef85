"""Users, passwords, and wrong tries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dashboard.doors.accounts import LONGEST_WAIT, Accounts, WrongTries
from engine.errors import UsageError
from tests.dashboard.made_live import Clock


def test_they_come_from_a_file_or_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("ada:se:cret\n\nbob:größer\n", encoding="utf-8")
    accounts = Accounts.read(str(file), {"FERLENS_AUTH": "eve:x"})
    assert accounts.passwords == {"ada": "se:cret", "bob": "größer"}
    assert Accounts.read(None, {"FERLENS_AUTH": "eve:x"}).passwords == {"eve": "x"}
    assert not Accounts.read(None, {})
    assert accounts.lets_in("ada", "se:cret")
    assert accounts.lets_in("bob", "größer")
    for user, password in (
        ("ada", "secret"),
        ("ada", ""),
        ("", ""),
        ("nobody", ""),
        ("Ada", "se:cret"),
        ("bob", "\ud800"),
    ):
        assert not accounts.lets_in(user, password)


@pytest.mark.parametrize("text", ["ada", "ada:", ":x", "", "\n\n", "ada:x\nbob\n"])
def test_what_is_no_user_with_a_password_is_said_without_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users"
    file.write_text(text)
    with pytest.raises(UsageError, match="USER:PASSWORD") as caught:
        Accounts.read(str(file), {})
    assert str(tmp_path) not in str(caught.value)
    if text.strip():
        with pytest.raises(UsageError, match="FERLENS_AUTH"):
            Accounts.read(None, {"FERLENS_AUTH": text.splitlines()[-1]})


def test_a_password_on_the_command_line_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="anybody on this machine can read a command line") as caught:
        Accounts.read("ada:secret", {})
    assert "secret" not in str(caught.value)
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", ".", "pipe"):
        with pytest.raises(UsageError, match="Expected --auth"):
            Accounts.read(str(tmp_path / name), {})


def test_wrong_tries_wait_longer_and_longer_by_address() -> None:
    clock = Clock()
    tries = WrongTries(clock=clock)
    waits = []
    for _ in range(14):
        tries.note("203.0.113.9")
        waits.append(tries.wait_seconds("203.0.113.9"))
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_WAIT, LONGEST_WAIT]
    assert tries.wait_seconds("203.0.113.10") == 0
    clock.now += 299
    assert tries.wait_seconds("203.0.113.9") == 1
    clock.now += 2
    assert tries.wait_seconds("203.0.113.9") == 0
    clock.now += 3_600
    tries.note("203.0.113.9")
    assert tries.wait_seconds("203.0.113.9") == 0  # an hour of quiet begins anew
    for _ in range(9):
        tries.note("203.0.113.9")
    tries.forget("203.0.113.9")
    assert tries.wait_seconds("203.0.113.9") == 0


def test_a_network_of_version_6_is_one_visitor() -> None:
    tries = WrongTries(clock=Clock())
    for number in range(9):
        tries.note(f"2001:db8::{number}")
    assert tries.wait_seconds("2001:db8::ffff") > 0
    assert tries.wait_seconds("2001:db8:0:1::") == 0
