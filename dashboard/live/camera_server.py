"""What the page's script calls on the server: begin, a frame, end, the table, a snapshot.

Gradio carries these calls (``server_functions`` of ``gr.HTML``), so its login guards them, a tunnel takes them along,
and no frame passes through a file. The script has three frames on their way, no more, and the server works on the
latest that it has: a slow machine shows fewer frames, never old ones. (``gr.Image(streaming=True)`` sends by the clock,
keeps a place of the queue for as long as it runs, and leaves no room for the browser's time, without which nobody can
say how old a shown frame is.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.live.exchange import jpeg_bytes
from dashboard.live.session_report import session_report
from dashboard.live.viewer import Viewer
from dashboard.live.viewers import Viewers
from dashboard.shell.snapshots import SNAPSHOTS, explain_address
from engine.errors import FerLensError

Document = dict[str, Any]
ServerFunction = Callable[[Document], Document]


def server_functions(viewers: Viewers, dashboard: str) -> list[ServerFunction]:
    """Return the functions; each takes and returns a JSON object, with the key ``error`` where it cannot be done.

    Args:
        viewers: all open pages; each call names its own by ``token``.
        dashboard: the dashboard's address, for the link to Explain.
    """

    def begin_session(data: Document) -> Document:
        def begin(viewer: Viewer) -> Document:
            viewers.begin(viewer)
            return {"started": True}

        return _answer(viewers, data, begin)

    def read_frame(data: Document) -> Document:
        def read(viewer: Viewer) -> Document:
            answer = viewer.frame(data.get("image"), data.get("taken"), data.get("reports"))
            return {"skipped": True} if answer is None else answer.document()

        return _answer(viewers, data, read)

    def end_session(data: Document) -> Document:
        def end(viewer: Viewer) -> Document:
            return {"report": session_report(viewer.finish(data.get("reports")))}

        return _answer(viewers, data, end)

    def session_table(data: Document) -> Document:
        return _answer(viewers, data, lambda viewer: {"table": viewer.table()})

    def snapshot(data: Document) -> Document:
        def take(viewer: Viewer) -> Document:
            address = viewer.snapshot()
            largest = 1_000 * viewers.limits.frame_kilobytes
            token = SNAPSHOTS.hold(jpeg_bytes(address, largest_bytes=largest))
            return {"picture": address, "link": explain_address(dashboard, token, viewer.choices.model)}

        return _answer(viewers, data, take)

    return [begin_session, read_frame, end_session, session_table, snapshot]


def _answer(viewers: Viewers, data: object, work: Callable[[Viewer], Document]) -> Document:
    try:
        return work(viewers.by_token(data.get("token") if isinstance(data, dict) else None))
    except FerLensError as error:
        return {"error": str(error)}
