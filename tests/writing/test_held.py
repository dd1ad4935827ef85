"""One run at a time in a work folder."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from engine.errors import BusyError, FerLensError
from engine.writing.held import held
from engine.writing.whole import part_of
from tests.writing.made_writing import holding


def test_the_second_process_says_who_holds_it_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    place = tmp_path / "new" / "deep" / "out"  # none of them is there yet
    with holding(place) as process:
        with pytest.raises(BusyError) as said, held(place):
            pass
        sentence = str(said.value)
        found = re.fullmatch(r"Process (\d+) \((.*), since (.*)\) works in 'out'; wait for it .*", sentence)
        assert found is not None, sentence
        assert int(found[1]) == process.pid
        assert found[2].startswith("-c out")  # of a path its name alone
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", found[3])
        assert str(tmp_path) not in sentence
        (tmp_path / "link").symlink_to(tmp_path / "new")
        with pytest.raises(BusyError), held(tmp_path / "link" / "deep" / "out"):  # the same by another name
            pass
        with held(place.parent / "other"):  # each folder has its own
            pass
        assert (part_of(place) / "half").is_file()
        process.send_signal(signal.SIGKILL)
    assert part_of(place).is_dir()
    with held(place):
        assert sorted(path.name for path in place.parent.iterdir()) == [".out.lock"]
    assert list(place.parent.iterdir()) == []


def test_folders_made_for_it_go_where_nothing_came_into_them(tmp_path: Path) -> None:
    with held(tmp_path / "a" / "b" / "out"):
        pass
    assert list(tmp_path.iterdir()) == []
    with held(tmp_path / "a" / "b" / "out"):
        (tmp_path / "a" / "dear").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["dear"]
    with held(None):
        pass


def test_where_nothing_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FerLensError, match=r"The folder 'file' for 'out' cannot be made"), held(tmp_path / "file/out"):
        pass


def test_a_holder_that_cannot_be_read_is_another_run(tmp_path: Path) -> None:
    with holding(tmp_path / "out") as process:
        (tmp_path / ".out.lock").write_text('{"pid": "many", "command": 7}', encoding="utf-8")
        with pytest.raises(BusyError, match=r"^Another run works in 'out'"), held(tmp_path / "out"):
            pass
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["half"]
