from __future__ import annotations

import pytest

from benchmarks.page_figures import page_figures

TABLE = "\n".join(
    (
        "frame,time_seconds,latency_ms,server_ms,face",
        "0,0.0000,900.0,800.0,1",  # while it warms up
        "1,1.0000,30.0,10.0,1",
        "1,1.0000,30.0,10.0,2",  # the same frame, another face
        "2,1.1000,40.0,20.0,",
        "3,1.2000,50.0,30.0,1",
        "4,1.3000,,70.0,1",  # answered, but never painted
        "5,2.0000,60.0,40.0,1",
        "",
    )
)


def test_the_figures_leave_the_warm_up_out() -> None:
    assert page_figures(TABLE, warm_up_seconds=0.5, camera_frames_per_second=30.0) == {
        "seconds": 1.0,
        "frames_shown": 4,
        "frames_per_second": 3.0,  # three steps in a second
        "camera_frames_per_second": 30.0,
        "dropped_frames": 27,
        "latency_ms": {"median": 45.0, "p95": 58.5},
        "server_ms": {"median": 25.0, "p95": 38.5},
        "frames_with_faces": 3,
    }
    assert page_figures(TABLE, warm_up_seconds=0.0, camera_frames_per_second=2.0)["dropped_frames"] == 0


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1; run it longer"):
        page_figures(TABLE, warm_up_seconds=2.0, camera_frames_per_second=30.0)
