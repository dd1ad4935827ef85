"""Open pages: each has its own session; cameras, frames and memory are bounded; nothing touches the disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.live.camera_server import server_functions
from dashboard.live.choices import OVERLAY_WORDS, Choices
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.viewer import Viewer
from dashboard.live.viewers import FORGOTTEN_SECONDS, SILENT_SECONDS, Viewers
from dashboard.shell.snapshots import HELD, HELD_SECONDS, SNAPSHOTS, Snapshots, explain_address
from engine.errors import FerLensError, UnknownNameError, UsageError
from tests.dashboard.made_live import Clock, pixels_of, sample_address

PATIENCE = 60.0
TWO, NONE = sample_address("two-faces"), sample_address("rocket")


@pytest.fixture(scope="module")
def models(seeded_checkpoints: Path) -> Iterator[LiveModels]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
        yield LiveModels()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def viewers(models: LiveModels, clock: Clock) -> Viewers:
    return Viewers(models, Limits(viewers=2), Choices("cbam", mirror=False), clock=clock)


def started(viewers: Viewers, session: str = "a") -> Viewer:
    viewer = viewers.open(session)
    viewers.begin(viewer)
    return viewer


def test_models_are_loaded_once_and_by_name_only(models: LiveModels, tmp_path: Path) -> None:
    assert models.names() == ("baseline", "cbam")
    assert models.predictor("cbam") is models.predictor("cbam")
    for name in ("nothing", "../cbam", str(tmp_path), "", "."):
        with pytest.raises(UnknownNameError, match="valid: baseline, cbam"):
            models.predictor(name)


def test_choices_are_checked() -> None:
    assert set(OVERLAY_WORDS) == {"none", "gate", "gradcam"}
    assert Choices("cbam", half_life_seconds=0.0).settings().smoothing.hold_seconds == 0.0
    assert Choices("cbam", half_life_seconds=1.0).settings().smoothing.half_life_seconds == 1.0
    bad: list[dict[str, Any]] = [
        {"overlay": "magic"},
        {"beside": "cbam"},
        {"half_life_seconds": -1.0},
        {"half_life_seconds": float("nan")},
        {"opacity": 1.5},
    ]
    for wrong in bad:
        with pytest.raises(UsageError):
            Choices("cbam", **wrong)


def test_a_frame_comes_back_with_its_faces_boxed(viewers: Viewers) -> None:
    answer = started(viewers).frame(TWO, 1_000.0, [])
    assert answer is not None
    assert (answer.index, answer.faces, len(answer.pictures)) == (0, 2, 1)
    assert answer.timeline is not None
    assert 'data-face="2"' in answer.timeline
    sent, back = pixels_of(TWO).astype(int), pixels_of(answer.pictures[0].address).astype(int)
    assert sent.shape == back.shape
    assert (np.abs(sent - back).max(axis=2) > 60).mean() > 0.02  # boxes, labels and bars
    assert set(answer.document()) == {"index", "pictures", "faces", "server_ms", "worked_ms", "timeline"}


def test_no_face_is_said_and_the_picture_stays(viewers: Viewers) -> None:
    answer = started(viewers).frame(NONE, 0.0, [])
    assert answer is not None
    assert answer.faces == 0
    difference = np.abs(pixels_of(NONE).astype(int) - pixels_of(answer.pictures[0].address))
    assert difference.mean() < 4


def test_choices_change_what_is_drawn(viewers: Viewers, clock: Clock) -> None:
    viewer = started(viewers)
    plain = viewer.frame(TWO, 0.0, [])
    viewer.choose(Choices("cbam", overlay="gate", layer="block3", mirror=False))
    clock.now += 1
    gate = viewer.frame(TWO, 100.0, [])
    viewer.choose(Choices("cbam", beside="baseline", overlay="gate", mirror=True))
    clock.now += 1
    both = viewer.frame(TWO, 200.0, [])
    assert plain is not None
    assert gate is not None
    assert both is not None
    assert plain.pictures[0].caption == "cbam"
    assert gate.pictures[0].caption == "cbam · attention gate block3.spatial, 0 to 1"
    assert [item.caption for item in both.pictures] == [
        "cbam · attention gate block4.spatial, 0 to 1",
        "baseline · has no layer block4.spatial",
    ]
    a, b = (pixels_of(item.pictures[0].address).astype(int) for item in (plain, gate))
    assert (np.abs(a - b).max(axis=2) > 40).mean() > 0.05
    mirrored = pixels_of(both.pictures[1].address)[:, ::-1].astype(int)
    assert np.abs(mirrored[-20:] - pixels_of(TWO)[-20:]).mean() < 8  # below the faces


def test_choices_that_make_no_sense_leave_the_old_ones(viewers: Viewers) -> None:
    viewer = started(viewers)
    for wrong in (Choices("baseline", overlay="gate"), Choices("cbam", overlay="gradcam", layer="block9")):
        with pytest.raises(FerLensError):
            viewer.choose(wrong)
    assert viewer.choices == viewers.choices
    answer = viewer.frame(TWO, 0.0, [])
    assert answer is not None
    assert answer.pictures[0].caption == "cbam"


def test_frames_that_come_too_fast_are_dropped(viewers: Viewers, clock: Clock) -> None:
    viewer = started(viewers)
    answers = []
    for _ in range(6):  # 83 a second, and 30 are allowed
        answers.append(viewer.frame(NONE, 1000 * clock.now, [[0, 5.0]]))
        clock.now += 0.012
    assert [answer is not None for answer in answers] == [True, True, True, True, False, True]
    clock.now += 0.2
    answer = viewer.frame(NONE, 1000 * clock.now, [])
    assert answer is not None
    assert answer.index == 5
    assert viewer.finish().shown == 5  # what came with the dropped frame comes again


def test_a_frame_waits_for_the_one_before_and_gives_way_to_a_later_one(viewers: Viewers, clock: Clock) -> None:
    viewer = started(viewers)
    clock.now = 5.0
    with ThreadPoolExecutor(3) as pool:
        with viewer._turn.take() as granted:  # a frame is worked on
            assert granted
            frames = [pool.submit(viewer.frame, NONE, 0.0, []) for _ in range(2)]
            earlier = next(as_completed(frames, PATIENCE))
            assert earlier.result() is None
            (later,) = set(frames) - {earlier}
            assert not later.done()
            clock.now += 0.25
        answer = later.result(PATIENCE)
    assert answer is not None
    assert answer.index == 0
    assert answer.document()["server_ms"] == 250.0  # it waited, and took no time of this clock
    assert answer.document()["worked_ms"] == 0.0


def test_nonsense_from_the_page_harms_nothing(viewers: Viewers, clock: Clock) -> None:
    viewer = started(viewers)
    for taken, reports in (
        ("now", "abc"),
        (float("nan"), [[1]]),
        (-5.0, [["a", "b"], [0, float("nan")], [0, -1], [0, 1e9], None]),
        (None, 7),
    ):
        clock.now += 1
        assert viewer.frame(NONE, taken, reports) is not None
    summary = viewer.finish([[3, 25.0]])
    assert (summary.frames, summary.shown, summary.latency_median) == (4, 1, 25.0)


def test_pages_have_sessions_of_their_own(viewers: Viewers, clock: Clock) -> None:
    one, two = started(viewers, "a"), started(viewers, "b")
    assert one.token != two.token
    for number in range(3):
        clock.now += 1
        faces, none = one.frame(TWO, 1000.0 * number, []), two.frame(NONE, 1000.0 * number, [])
        assert faces is not None
        assert none is not None
        assert (faces.faces, none.faces) == (2, 0)
    assert len(one.finish().faces) == 2
    assert two.finish().faces == ()
    assert one.table().count("\n") == 1 + 3 * 2
    assert two.table().count("\n") == 1 + 3


def test_a_new_session_begins_with_nothing(viewers: Viewers) -> None:
    viewer = started(viewers)
    viewer.frame(TWO, 0.0, [])
    viewers.begin(viewer)
    assert viewer.table().count("\n") == 1
    assert viewer.finish().frames == 0
    with pytest.raises(UsageError, match="start the camera again"):
        viewer.frame(TWO, 0.0, [])


def test_cameras_are_limited_and_a_silent_one_gives_up_its_place(viewers: Viewers, clock: Clock) -> None:
    started(viewers, "a")
    busy = started(viewers, "b")
    third = viewers.open("c")
    with pytest.raises(UsageError, match="fewer than 2 running cameras, but 2 run"):
        viewers.begin(third)
    viewers.begin(busy)  # its own place does not stand in its way
    clock.now += SILENT_SECONDS + 1
    viewers.begin(third)
    third.finish()
    assert not third.running


def test_a_closed_or_forgotten_page_is_gone(viewers: Viewers, clock: Clock) -> None:
    viewer = started(viewers, "a")
    viewers.close("a")
    viewers.close("a")
    assert len(viewers) == 0
    with pytest.raises(UsageError, match="reload it"):
        viewers.by_token(viewer.token)
    old = viewers.open("b")
    clock.now += FORGOTTEN_SECONDS + 1
    viewers.open("c")
    assert len(viewers) == 1
    with pytest.raises(UsageError):
        viewers.by_token(old.token)


def test_snapshots_are_held_for_a_while_under_names_of_their_own() -> None:
    clock = Clock()
    store = Snapshots(clock=clock)
    first = store.hold(b"one")
    assert store.get(first) == b"one"
    assert store.get("x" * 24) is None
    clock.now += HELD_SECONDS + 1
    assert store.get(first) is None
    tokens = [store.hold(bytes([number])) for number in range(HELD + 2)]
    assert [store.get(token) is None for token in tokens[:3]] == [True, True, False]
    address = explain_address("http://host:1/", "to_ken", "cbam")
    assert address == "http://host:1/Explain?model=cbam&source=upload&snapshot=to_ken"


@pytest.fixture
def call(viewers: Viewers) -> Any:
    functions = {function.__name__: function for function in server_functions(viewers, "http://board")}
    return lambda name, data: functions[name](data)


def test_the_pages_script_gets_answers_or_sentences(viewers: Viewers, call: Any) -> None:
    token = viewers.open("a").token
    assert "start the camera" in call("read_frame", {"token": token, "image": TWO})["error"]
    assert "start the camera" in call("snapshot", {"token": token})["error"]
    assert call("begin_session", {"token": token}) == {"started": True}
    assert call("read_frame", {"token": token, "image": TWO, "taken": 1.0, "reports": []})["faces"] == 2
    again = [call("read_frame", {"token": token, "image": TWO, "taken": 2.0, "reports": []}) for _ in range(4)]
    assert again[-1] == {"skipped": True}
    shot = call("snapshot", {"token": token})
    assert shot["picture"] == TWO
    held = SNAPSHOTS.get(shot["link"].rpartition("=")[2])
    assert held is not None
    assert held.startswith(b"\xff\xd8")
    assert "face 2" in call("end_session", {"token": token, "reports": [[0, 30.0]]})["report"]
    assert "start the camera" in call("snapshot", {"token": token})["error"]  # the last frame went with the session
    assert call("session_table", {"token": token})["table"].startswith("frame,time_seconds,latency_ms")
    for nobody in ({"token": "x"}, {}, None, [], {"token": 7}):
        assert "reload it" in call("read_frame", nobody)["error"]


_opened: list[str] | None = None


def _note_writing(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is not None and event == "open":
        path, mode, flags = arguments
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 3):
            _opened.append(str(path))


def test_no_file_is_opened_for_writing_while_frames_come(viewers: Viewers, call: Any, clock: Clock) -> None:
    token = viewers.open("a").token
    call("begin_session", {"token": token})
    sys.addaudithook(_note_writing)
    globals()["_opened"] = noted = []
    try:
        for number in range(4):
            clock.now += 1
            answer = call("read_frame", {"token": token, "image": TWO, "taken": 1000.0 * number, "reports": []})
            assert answer["faces"] == 2
        call("snapshot", {"token": token})
        call("session_table", {"token": token})
        call("end_session", {"token": token})
        assert noted == []
        with Path("/dev/null").open("w"):  # the watch sees what it looks for
            assert noted == ["/dev/null"]
    finally:
        globals()["_opened"] = None
