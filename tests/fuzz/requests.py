"""Requests to the servers: what stands before both, the gate before Gradio, uploads, and the endpoints behind."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any, Final

from dashboard.doors.accounts import Accounts
from dashboard.doors.doors import Doors
from dashboard.doors.hosts import Hosts
from dashboard.live.endpoints import Endpoints
from dashboard.live.gate import Gate
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.uploads import Upload, Uploads
from tests.dashboard.made import SAMPLES, write_seeded
from tests.dashboard.made_asgi import ask
from tests.fuzz import mangle
from tests.fuzz.judge import Case

READ: Final = (
    "/", "/config", "/gradio_api/file=/etc/passwd", "/gradio_api/deep_link", "/monitoring", "/openapi.json",
    "/theme.css", "/gradio_api/info", "/static/../../etc/passwd", "/login", "/_stcore/health",
    "/gradio_api/call/predict/abc",
)  # fmt: skip
CALLED: Final = (
    "/gradio_api/queue/join", "/gradio_api/call/predict", "/gradio_api/call/explain", "/gradio_api/component_server",
    "/gradio_api/upload", "/gradio_api/upload", "/gradio_api/cancel", "/login",
)  # fmt: skip
HEADERS: Final = (
    "host", "origin", "cookie", "content-type", "content-length", "x-forwarded-for", "x-forwarded-host", "range",
    "authorization", "accept", "forwarded", "transfer-encoding", "referer", "x-gradio-user",
)  # fmt: skip
METHODS: Final = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "X")


class _Gradio:
    """Stands behind the gate, and notices a file in what it is handed that is no upload."""

    def __init__(self, uploads: Uploads) -> None:
        self.uploads = uploads

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while scope["method"] == "POST" and "/upload" not in scope["path"]:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            self._look(json.loads(body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"behind"})

    def _look(self, value: Any) -> None:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self._look(one)
        if isinstance(value, dict) and "path" in value:
            place = Path(str(value["path"]))
            assert place.parent == self.uploads.none("x").parent, f"a file was named to Gradio: {place.name}"
            assert self.uploads.holds(place) or not place.exists(), "a file that is no upload was named to Gradio"


class Requests:
    """Cases for both servers' layers and the API's functions."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        write_seeded(folder / "served", "cbam")
        os.environ["FERLENS_CHECKPOINTS"] = str(folder / "served")
        limits = Limits(uploads_per_minute=100_000, requests_per_minute=100_000, folder_megabytes=20)
        (folder / "uploads").mkdir()
        self.uploads = Uploads(folder / "uploads", 20 * 2**20)
        self.gate = Gate(_Gradio(self.uploads), self.uploads, limits)
        self.portrait = (SAMPLES / "astronaut.jpg").read_bytes()
        self.token = self.uploads.keep(self.portrait)
        self.secret = folder / "holiday.jpg"
        self.secret.write_bytes(self.portrait)
        self.doors = [
            Doors(Hosts("127.0.0.1")).around(self.gate, port=1),
            Doors(Hosts("127.0.0.1"), Accounts({"ada": "secret"})).around(self.gate, port=1),
        ]
        self.api = Endpoints(LiveModels(), limits, "cbam")

    def make(self, chance: Random) -> Case:
        roll = chance.random()
        return self._endpoint(chance) if roll < 0.25 else self._request(chance, chance.choice([self.gate, *self.doors]))

    def _request(self, chance: Random, app: Any) -> Case:
        method = chance.choice(("GET", "POST", "POST", "POST"))
        path = chance.choice(READ if method == "GET" else CALLED)
        if chance.random() < 0.2:
            method, path = chance.choice(METHODS), "/" + mangle.text(chance)
        headers = {
            chance.choice(HEADERS): mangle.text(chance)
            .encode("latin-1", "replace")
            .decode("latin-1")
            .replace("\n", " ")
            for _ in range(chance.choice((0, 0, 0, 1, 3)))
        }
        if path.endswith("upload"):
            body = self._form(chance, headers)
        else:
            good = {"data": [self._file(chance), "cbam", False], "session_hash": "x", "fn_index": 3}
            document = mangle.document(good, chance) if chance.random() < 0.8 else good
            body = mangle.written(document)
            if chance.random() < 0.4:
                body = mangle.bytes_of(body, chance)[1]
        query = mangle.text(chance).encode("ascii", "replace").decode()[:200]

        def run() -> str | None:
            said = ask(app, path, headers=headers, method=method, body=body, query=query)
            text = said.body.decode("utf-8", "replace")
            if said.status >= 500 and said.status != 503:
                raise AssertionError(f"status {said.status}: {text[:300]}")
            return (text or f"status {said.status}") if said.status >= 300 else None

        return Case(f"{method} {path[:40]}, {len(body):,} bytes", run)

    def _file(self, chance: Random) -> Any:
        place = chance.choice(
            (self.token, str(self.secret), "/dev/zero", f"{self.token}/../x", mangle.text(chance), None, 7)
        )
        return {"path": place, "orig_name": mangle.text(chance), "meta": {"_type": "gradio.FileData"}}

    def _form(self, chance: Random, headers: dict[str, str]) -> bytes:
        name = (
            mangle.text(chance).encode("utf-8", "replace").replace(b'"', b"'").replace(b"\r", b" ").replace(b"\n", b" ")
        )
        data = chance.choice((b"", b"x" * 1_000, self.portrait))
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name + b'"\r\n\r\n'
        body = (head + data + b"\r\n") * chance.choice((0, 1, 1, 1, 2, 40)) + b"--b--\r\n"
        headers.setdefault("content-type", "multipart/form-data; boundary=b")
        return mangle.bytes_of(body, chance)[1] if chance.random() < 0.5 else body

    def _endpoint(self, chance: Random) -> Case:
        model, layer, target = (
            chance.choice((None, "", good, good, good, mangle.text(chance))) for good in ("cbam", "block4", "happy")
        )
        face = chance.choice((None, 0.0, 0.0, 1.0, -1.0, 0.5, float("nan"), float("inf"), 1e300, 2.0**63))
        place = self.uploads.place(self.token) if chance.random() < 0.8 else self.secret.with_name("none")
        picture = Upload(place, mangle.text(chance)) if place is not None and chance.random() < 0.9 else None
        whole = chance.random() < 0.5

        def run() -> None:
            if layer is target is None:
                self.api.predict(picture, model, whole, "a")
            else:
                self.api.explain(picture, model, layer, target, face, whole, "a")

        return Case(f"endpoint, model {str(model)[:20]!r}, target {str(target)[:20]!r}, face {face}", run)
