"""Uploads whose form is none, or holds too much, without a server: a sentence, whatever stands around the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dashboard.live.gate import Gate
from dashboard.live.limits import Limits
from dashboard.live.uploads import Uploads
from tests.dashboard.made_asgi import Behind, ask

PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nx\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\nx\r\n'


@pytest.mark.parametrize(
    "body",
    [b"--b\r\nno header", PART * 2 + b"--b--\r\n", FIELD * 40 + b"--b--\r\n", b"", b"--b--\r\n", b"\xff" * 99],
    ids=["broken", "two files", "fields", "empty", "nothing", "noise"],
)
@pytest.mark.parametrize("inside", [True, False])
def test_a_form_that_is_none_gets_a_sentence(tmp_path: Path, body: bytes, inside: bool) -> None:
    gate = Gate(Behind(), Uploads(tmp_path, 10**8), Limits())

    async def app(scope: Any, receive: Any, send: Any) -> None:  # an application of Starlette names itself
        await gate({**scope, "app": gate} if inside else scope, receive, send)

    kind = {"content-type": "multipart/form-data; boundary=b"}
    said = ask(app, "/gradio_api/upload", method="POST", headers=kind, body=body)
    assert said.status == 400
    assert b"Expected one file in the field 'files'" in said.body
    assert list(tmp_path.rglob("*")) == []
