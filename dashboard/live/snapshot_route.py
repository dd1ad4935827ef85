"""The address at which the dashboard fetches a snapshot from the live page's server."""

from __future__ import annotations

from fastapi import FastAPI, Response

from dashboard.shell.snapshots import ROUTE, SNAPSHOTS


def add_snapshot_route(app: FastAPI) -> None:
    """Answer ``/snapshot/TOKEN`` with the JPEG; whoever knows the token may have it, nobody else can ask for one."""

    def snapshot(token: str) -> Response:
        data = SNAPSHOTS.get(token)
        if data is None:
            return Response("This snapshot is no longer held; take another one.", 404, media_type="text/plain")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    app.add_api_route(ROUTE + "{token}", snapshot, methods=["GET"], include_in_schema=False)
