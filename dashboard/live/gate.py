"""An ASGI layer before Gradio: which routes answer, and that a call names no file but an upload of this server.

Gradio checks paths only once its application "has launched", which a mounted one never has, and a later version may
check otherwise. So nothing of what a client says about a file reaches Gradio: every JSON body is read here, its first
value may stand for an upload of :class:`Uploads` (anything else that it names becomes the name of no file), other
objects that could stand for a file are left out, and the body is written anew. Uploads are taken here too. Whatever
route is not in the lists is a 404.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse

from dashboard.doors.body_limit import Application, BodyLimit, Message, Receive, Send
from dashboard.doors.login import USER
from dashboard.live.limits import Limits
from dashboard.live.rate import RateLimit
from dashboard.live.uploads import KEPT_SECONDS, Uploads
from engine.errors import UsageError

API: Final = "/gradio_api"
READ: Final = re.compile(
    rf"/?|/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)/?|/(static|assets|svelte|snapshot)/.+"
    rf"|{API}/(info|theme\.css|startup-events|queue/data)/?|{API}/heartbeat/\w+|{API}/call/\w+/\w+"
)
"""What may be read: the page and its parts, the API's description, answers, snapshots."""
CALLED: Final = re.compile(rf"{API}/(queue/join|call/\w+|cancel|reset)/?")
"""What may be called with a small JSON body."""
FRAMES: Final = re.compile(rf"{API}/component_server/?")
"""Where the page's script sends frames, in JSON too."""
UPLOAD: Final = re.compile(rf"{API}/upload/?")

CALL_BYTES: Final = 64 * 1024
"""Of a call's body: values of a few controls."""
FIELDS: Final = 8
"""Of an upload's form, besides its file."""
DEPTH: Final = 32
"""Of a call's JSON document."""
NO_FILE: Final = "no-upload"
"""The name of no file, in the upload folder: what a client named is not held here."""
NO_ADDRESS: Final = "no-address"
"""The name of no file, in the upload folder: what a client named is an address."""
_UNREAD_QUERY: Final = frozenset({"deep_link"})


class Gate:
    """Wrap Gradio's application, from inside of it or from outside.

    Args:
        app: the application.
        uploads: what a call may name.
        limits: see :class:`Limits`.
    """

    def __init__(self, app: Application, uploads: Uploads, limits: Limits) -> None:
        self.app, self.uploads, self.limits = app, uploads, limits
        self._small = BodyLimit(self._call, CALL_BYTES)
        self._rate = RateLimit(limits.uploads_per_minute)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on what is in the lists, with its files replaced; answer 404 to everything else."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        path = _route(scope)
        if scope["method"] in {"GET", "HEAD", "OPTIONS"} and READ.fullmatch(path):
            await self.app(_without_deep_link(scope), receive, send)
        elif scope["method"] != "POST":
            await JSONResponse({"detail": "Not Found"}, 404)(scope, receive, send)
        elif CALLED.fullmatch(path):
            await self._small(scope, receive, send)
        elif FRAMES.fullmatch(path):
            await self._call(scope, receive, send)
        elif UPLOAD.fullmatch(path):
            await self._upload(scope, receive, send)
        else:
            await JSONResponse({"detail": "Not Found"}, 404)(scope, receive, send)

    async def _call(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand on a JSON body with every file in it replaced by an upload, or by none."""
        body = await Request(scope, receive).body()
        try:
            body = json.dumps(self._cleaned(json.loads(body))).encode("ascii")
        except (ValueError, RecursionError):  # no JSON, no text at all, or nested without end
            sentence = "Expected a JSON document that is not deeply nested as the body; send one."
            await JSONResponse({"detail": sentence}, 400)(scope, receive, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name not in {b"content-length", b"content-type"}]
        headers = [*kept, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        given = False

        async def once() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app({**scope, "headers": headers}, once, send)

    def _cleaned(self, document: Any) -> Any:
        """Return a call's document in which the first value may be an upload, and nothing else any file."""
        values = document.get("data") if isinstance(document, dict) else None
        first = values[0] if isinstance(values, list) and values else None
        cleaned = _without_files(document)
        if isinstance(first, dict) and _is_file(first):
            cleaned["data"][0] = self._file(first)
        return cleaned

    def _file(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return Gradio's record of an upload, and of what a client said no more than the name to show."""
        token, name = said.get("path"), said.get("orig_name")
        none = NO_ADDRESS if isinstance(token, str) and "://" in token else NO_FILE
        path = self.uploads.place(token) or self.uploads.none(none)
        shown = Path(name).name if isinstance(name, str) else None
        return {"path": str(path), "orig_name": shown, "meta": {"_type": "gradio.FileData"}}

    async def _upload(self, scope: Message, receive: Receive, send: Send) -> None:
        wait = self._rate.wait_seconds(str(scope.get(USER) or (scope.get("client") or ["unknown"])[0]))
        if wait > 0.0:
            sentence = f"Expected at most {self.limits.uploads_per_minute} uploads a minute, got more; try again in "
            await _wait(429, f"{sentence}{max(1, round(wait))} seconds.", wait)(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        try:
            with self.uploads.room(int(declared) if declared.isdigit() else self.limits.body_bytes):
                answer = await self._kept(Request(scope, receive))
        except UsageError as error:
            answer = _wait(503, str(error), KEPT_SECONDS)
        await answer(scope, receive, send)

    async def _kept(self, request: Request) -> JSONResponse:
        """Store the file of a form; answer its token as Gradio answers paths, in a list."""
        try:
            async with request.form(max_files=1, max_fields=FIELDS) as form:
                files = [part for part in form.getlist("files") if not isinstance(part, str)]
                if files:
                    return JSONResponse([await run_in_threadpool(self.uploads.keep, await files[0].read())])
        except (HTTPException, MultiPartException):  # inside an application of Starlette the one, else the other
            pass
        sentence = "Expected one file in the field 'files' of a multipart form; send it so."
        return JSONResponse({"detail": sentence}, 400)


def _wait(status: int, sentence: str, seconds: float) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status, headers={"retry-after": str(max(1, round(seconds)))})


def _is_file(value: Any) -> bool:
    """Return whether Gradio, of any version, could take an object for a file."""
    return isinstance(value, dict) and ("path" in value or "meta" in value)


def _without_files(value: Any, depth: int = 0) -> Any:
    if depth > DEPTH:
        raise RecursionError
    if isinstance(value, list):
        return [_without_files(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    return None if _is_file(value) else {key: _without_files(item, depth + 1) for key, item in value.items()}


def _route(scope: Message) -> str:
    """Return the path below where the application is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path


def _without_deep_link(scope: Message) -> Message:
    """Return the scope without what would have Gradio read a stored state."""
    query = scope.get("query_string", b"")
    if not query:
        return scope
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in _UNREAD_QUERY]
    return {**scope, "query_string": urlencode(kept).encode("latin-1")}
