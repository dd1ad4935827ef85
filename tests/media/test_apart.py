"""The decoding process: started once, reused, ended on overrun, never in the way of forks, threads or exits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError
from engine.media import apart
from engine.media.apart import decode_apart
from engine.media.budget import Budget, OverBudgetError
from engine.media.decoder_process import Request
from tests import made_hostile as hostile
from tests.made import ROOT
from tests.made_hostile import encoded


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    apart._DECODER.close()
    yield
    apart._DECODER.close()


def plain(value: int, budget: Budget | None = None) -> Request:
    return Request(encoded(Image.new("L", (20, 30), value), "PNG"), "shown", "x.png", budget or Budget())


def slow(seconds: float) -> Request:
    return Request(hostile.jpeg_of_fill(20_000_000), "shown", "x.jpg", Budget(seconds=seconds))


def number() -> int:
    process = apart._DECODER._process
    assert process is not None
    return process.pid


def test_one_process_serves_many_pictures_and_refusals() -> None:
    assert np.all(decode_apart(plain(7)).pixels == 7)
    first = number()
    with pytest.raises(PictureError, match=r"'x\.png' is cut short or damaged"):
        decode_apart(Request(plain(7).data[:45], "shown", "x.png", Budget()))
    assert np.all(decode_apart(plain(9)).pixels == 9)
    assert number() == first


def test_after_an_overrun_another_process_serves() -> None:
    decode_apart(plain(1))
    first = number()
    with pytest.raises(OverBudgetError):
        decode_apart(slow(0.2))
    assert apart._DECODER._process is None
    assert np.all(decode_apart(plain(3)).pixels == 3)
    assert number() != first


def test_the_clock_ends_what_does_not_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    decode_apart(plain(1))
    monkeypatch.setattr(apart, "_PATIENCE", 1.0)
    os.kill(number(), 19)  # SIGSTOP: it stands still, so that no second of computing passes
    with pytest.raises(OverBudgetError, match=r"0\.2 seconds"):
        decode_apart(plain(1, Budget(seconds=0.2)))
    assert np.all(decode_apart(plain(3)).pixels == 3)


def test_a_process_that_was_ended_from_outside_is_replaced() -> None:
    decode_apart(plain(1))
    os.kill(number(), 9)
    apart._DECODER._process.wait()  # type: ignore[union-attr]
    assert np.all(decode_apart(plain(3)).pixels == 3)


def test_a_crash_of_a_decoder_is_damage() -> None:
    decode_apart(plain(1))
    stopped = number()
    os.kill(stopped, 19)
    threading.Timer(0.3, os.kill, (stopped, 11)).start()  # SIGSEGV, and on
    threading.Timer(0.4, os.kill, (stopped, 18)).start()
    with pytest.raises(PictureError, match="damaged") as caught:
        decode_apart(plain(1))
    assert not isinstance(caught.value, OverBudgetError)


def test_threads_take_turns_and_get_their_own_pictures() -> None:
    results: dict[int, int] = {}

    def work(value: int) -> None:
        results[value] = int(decode_apart(plain(value)).pixels.mean())

    threads = [threading.Thread(target=work, args=(value,)) for value in range(1, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {value: value for value in range(1, 25)}


def test_who_waits_too_long_for_a_turn_is_told_so() -> None:
    with apart._DECODER.turn, pytest.raises(PictureError, match="other large pictures are still being decoded; try"):
        decode_apart(plain(1, Budget(wait_seconds=0.1)))


def test_an_interrupt_between_request_and_reply_leaves_no_old_reply_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    decode_apart(plain(1))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(apart, "read_reply", interrupted)
    with pytest.raises(KeyboardInterrupt):
        decode_apart(plain(5))
    monkeypatch.undo()
    assert np.all(decode_apart(plain(6)).pixels == 6)


def test_where_no_process_can_be_started_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("/no/such/program", "/bin/false"):
        monkeypatch.setattr(sys, "executable", program)
        with pytest.raises(PictureError, match="none could be started"):
            decode_apart(plain(1))


SCRIPT = """
import os, sys
from engine.media import apart
from engine.media.budget import Budget
from engine.media.decoder_process import Request
request = Request(open(sys.argv[1], "rb").read(), "shown", "x", Budget())
apart.decode_apart(request)
if sys.argv[2] == "fork":
    with apart._DECODER.turn:  # held by another thread at the moment of the fork
        child = os.fork()
        if child == 0:
            os._exit(int(apart.decode_apart(request).pixels.mean()))
    status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), apart.decode_apart(request).pixels.mean())
if sys.argv[2] == "die":
    print(apart._DECODER._process.pid, flush=True)
    os._exit(0)  # as a kill does: nothing is tidied up
print("torch" in sys.modules, os.path.exists("engine"))
"""


def run(how: str, path: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, path, how], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == ""
    return done.stdout


def test_a_fork_gets_a_process_of_its_own(tmp_path: object) -> None:
    path = f"{tmp_path}/a.png"
    Image.new("L", (20, 20), 42).save(path)
    assert run("fork", path).split()[:2] == ["42", "42.0"]


def test_the_process_ends_with_its_owner(tmp_path: object) -> None:
    path = f"{tmp_path}/a.png"
    Image.new("L", (20, 20), 42).save(path)
    left = int(run("die", path))
    for _ in range(600):
        try:
            os.kill(left, 0)
        except ProcessLookupError:
            return
        with open(f"/proc/{left}/stat") as state:  # noqa: PTH123
            if state.read().rsplit(")", 1)[1].split()[0] == "Z":  # ended; its new parent has not looked yet
                return
        threading.Event().wait(0.1)
    pytest.fail("the process is still there after a minute")


def test_an_ordinary_exit_is_quiet_and_brings_no_torch(tmp_path: object) -> None:
    path = f"{tmp_path}/a.png"
    Image.new("L", (20, 20), 42).save(path)
    assert run("exit", path).split() == ["False", "True"]
