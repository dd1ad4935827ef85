"""The system's lock on a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.writing.lock import HeldError, taken


def test_it_is_held_by_one_and_its_file_goes(tmp_path: Path) -> None:
    file = tmp_path / ".a.lock"
    with taken(file, wait=False, says="who"):
        assert file.read_text(encoding="utf-8") == "who"
        with pytest.raises(HeldError), taken(file, wait=False):
            pass
        assert file.read_text(encoding="utf-8") == "who"  # who asked in vain has changed nothing
    assert list(tmp_path.iterdir()) == []
    with taken(file, wait=False):
        pass


def test_what_a_killed_holder_left_locks_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".a.lock"
    file.write_text("a holder that was killed, with more to say than the next one", encoding="utf-8")
    with taken(file, wait=False, says="me"):
        assert file.read_text(encoding="utf-8") == "me"
    assert not file.exists()


def test_a_forked_child_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".a.lock"
    read, write = os.pipe()
    with taken(file, wait=False):
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)  # lives on until the parent has tried
            os._exit(0)
    try:
        with taken(file, wait=False):
            pass
    finally:
        os.close(write)
        os.waitpid(child, 0)
        os.close(read)


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "dear").write_text("dear", encoding="utf-8")
    (tmp_path / ".a.lock").symlink_to(tmp_path / "dear")
    with pytest.raises(OSError, match="symbolic links"), taken(tmp_path / ".a.lock", wait=False, says="x"):
        pass
    assert (tmp_path / "dear").read_text(encoding="utf-8") == "dear"
