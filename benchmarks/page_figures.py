"""What a session of the live page comes to: frames a second, latency and dropped frames, from the table it saves.

Its latencies are measured in the browser, from the camera's frame until the drawn picture is painted.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np


def page_figures(table: str, *, warm_up_seconds: float, camera_frames_per_second: float) -> dict[str, Any]:
    """Return the JSON-ready figures of a session without its beginning.

    Args:
        table: the session's, CSV text; a frame has a row for each face, or one without. One without a latency was
            answered and never painted.
        warm_up_seconds: left out at the start.
        camera_frames_per_second: what the camera gave meanwhile; those not shown were dropped.

    Raises:
        ValueError: fewer than two frames were shown after the warm-up.
    """
    frames = {int(row["frame"]): row for row in csv.DictReader(io.StringIO(table))}
    shown = [
        row for _, row in sorted(frames.items()) if row["latency_ms"] and float(row["time_seconds"]) >= warm_up_seconds
    ]
    if len(shown) < 2:
        raise ValueError(f"expected two frames or more after the warm-up, got {len(shown)}; run it longer")
    seconds = float(shown[-1]["time_seconds"]) - float(shown[0]["time_seconds"])
    between = len(shown) - 1
    return {
        "seconds": round(seconds, 2),
        "frames_shown": len(shown),
        "frames_per_second": round(between / seconds, 2),
        "camera_frames_per_second": round(camera_frames_per_second, 2),
        "dropped_frames": max(0, round(camera_frames_per_second * seconds) - between),
        "latency_ms": _times([float(row["latency_ms"]) for row in shown]),
        "server_ms": _times([float(row["server_ms"]) for row in shown]),
        "frames_with_faces": sum(bool(row["face"]) for row in shown),
    }


def _times(values: list[float]) -> dict[str, float]:
    median, high = np.percentile(values, [50, 95])
    return {"median": round(float(median), 1), "p95": round(float(high), 1)}
