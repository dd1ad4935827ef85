"""Temporary folders go with their process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dashboard.doors.own_folder import LOCK, make_folder, own_folder, remove_folder, sweep_folders
from tests.dashboard.made import ROOT

PREFIX = "ferlens-test-"
MAKES = """
import sys, time
from pathlib import Path
from dashboard.doors.own_folder import make_folder
folder = make_folder(Path(sys.argv[1]), "ferlens-test-")
(folder / "film.mp4").write_bytes(b"somebody")
print(folder, flush=True)
time.sleep(float(sys.argv[2]))
"""


def other(parent: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that makes a folder, says so and lives on for a while."""
    words = [sys.executable, "-c", MAKES, str(parent), str(seconds)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_one_is_this_users_alone_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def use() -> None:
        with own_folder(PREFIX) as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            (folder / "film.mp4").write_bytes(b"somebody")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    with other(tmp_path, 60) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        kept = make_folder(tmp_path, PREFIX)
        assert (left / "film.mp4").exists()  # its process lives
        process.send_signal(signal.SIGKILL)
        process.wait()
        make_folder(tmp_path, PREFIX)
        assert not left.exists()
        assert kept.exists()


def test_that_of_a_process_that_ended_is_gone(tmp_path: Path) -> None:
    with other(tmp_path, 0) as process:
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_leaves_what_is_not_ours(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).write_bytes(b"")
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / f"{PREFIX}link").symlink_to(elsewhere)
    (parent / f"{PREFIX}file").write_bytes(b"")
    fresh, old = parent / f"{PREFIX}fresh", parent / f"{PREFIX}old"
    pipe = parent / f"{PREFIX}pipe"
    for folder in (fresh, old, pipe, parent / "another"):
        folder.mkdir()
    os.mkfifo(pipe / LOCK)  # opening it would wait for ever
    os.utime(old, (0, 0))
    sweep_folders(parent, PREFIX)
    assert elsewhere.exists()
    assert {path.name for path in parent.iterdir()} >= {f"{PREFIX}link", f"{PREFIX}file", f"{PREFIX}fresh", "another"}
    assert not old.exists()  # older than locks are


def test_removing_twice_is_no_mistake(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "new" / "parent", PREFIX)
    remove_folder(folder)
    remove_folder(folder)
    assert not folder.exists()
