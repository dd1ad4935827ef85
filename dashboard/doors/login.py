"""An ASGI layer that asks for a login before anything else answers: pages, calls, files and WebSockets alike.

A login gives a cookie, as browsers do not all send a password along with a WebSocket. The cookie is a name that nobody
guesses; what it stands for is kept in memory, so that ending the server ends every login.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlencode

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from dashboard.doors.accounts import Accounts, WrongTries
from dashboard.doors.body_limit import Application, BodyLimit, Message, Receive, Send
from dashboard.doors.hosts import refuse

USER: Final = "ferlens.user"
"""In the scope of a request that was let in: whose it is."""
IDLE_SECONDS: Final = 12 * 3_600.0
"""A login that was not used for so long has ended."""
LOGINS: Final = 10_000
"""Remembered; beyond that the one that was quiet longest ends."""
FORM_BYTES: Final = 8 * 1024
_FORM: Final = Path(__file__).with_name("login.html")
_OPEN: Final = re.compile(r"/_stcore/health|/snapshot/[\w-]{16,64}")  # says "ok"; names a picture that nobody guesses
_LOGIN: Final = re.compile(r"(?:/live)?/login/?")
_LOGOUT: Final = re.compile(r"(?:/live)?/logout/?")
_NEXT: Final = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")
NOT_IN: Final = "Expected a login, but this request has none; sign in at /login first."


class Logins:
    """Who is signed in, by the cookie's value; safe to share between threads.

    Args:
        clock: seconds that never run backwards.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._users: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def begin(self, user: str) -> str:
        """Return a fresh cookie's value."""
        value = secrets.token_urlsafe(32)
        with self._lock:
            self._users[value] = (user, self._clock())
            while len(self._users) > LOGINS:
                self._users.popitem(last=False)
        return value

    def user(self, value: str | None) -> str | None:
        """Return whose it is, and that it was used now; None where it is nobody's, or no more."""
        with self._lock:
            user, used = self._users.get(value or "", (None, 0.0))
            if value is None or user is None:
                return None
            now = self._clock()
            if now - used > IDLE_SECONDS:
                del self._users[value]
                return None
            self._users[value] = (user, now)
            self._users.move_to_end(value)
            return user

    def end(self, value: str | None) -> None:
        """Forget one."""
        with self._lock:
            self._users.pop(value or "", None)


class Login:
    """Wrap an application.

    Args:
        app: the application.
        accounts: who may come in.
        cookie: the cookie's name; servers at other ports of the same host need their own.
        framed: whether pages of other sites show ours in a frame, where browsers send a cookie only if it says so.
        logins: None for none yet.
        tries: None for none yet.
    """

    def __init__(
        self,
        app: Application,
        accounts: Accounts,
        *,
        cookie: str,
        framed: bool = False,
        logins: Logins | None = None,
        tries: WrongTries | None = None,
    ) -> None:
        self.app, self.accounts, self.cookie, self.framed = app, accounts, cookie, framed
        self.logins, self.tries = logins or Logins(), tries or WrongTries()
        self._form = BodyLimit(self._sign_in, FORM_BYTES)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on what is signed in; send pages to the login, and answer 401 to the rest."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        path, value = str(scope["path"]), self._value(scope)
        if scope["type"] == "http" and _LOGIN.fullmatch(path):
            await (self._form if scope["method"] == "POST" else self._show)(scope, receive, send)
        elif scope["type"] == "http" and _LOGOUT.fullmatch(path):
            self.logins.end(value)
            answer = RedirectResponse("/login", 303)
            answer.delete_cookie(self.cookie, path="/")
            await answer(scope, receive, send)
        elif (user := self.logins.user(value)) is not None:
            await self.app({**scope, USER: user}, receive, send)
        elif scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and _OPEN.fullmatch(path):
            await self.app(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET" and _wants_page(scope):
            asked = quote(path) + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
            await RedirectResponse(f"/login?{urlencode({'next': asked})}", 303)(scope, receive, send)
        else:
            await refuse(scope, receive, send, 401, NOT_IN)

    def _value(self, scope: Message) -> str | None:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load("; ".join(Headers(scope=scope).getlist("cookie")))
        except CookieError:
            return None
        return jar[self.cookie].value if self.cookie in jar else None

    async def _show(self, scope: Message, receive: Receive, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("next", ["/"])[0]
        await _page(asked, "")(scope, receive, send)

    async def _sign_in(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a form: a browser is sent on to where it wanted to go, a client gets JSON."""
        body = await Request(scope, receive).body()
        given = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=8)
        user, password, asked = (given.get(name, [""])[0] for name in ("username", "password", "next"))
        address = scope["client"][0] if scope.get("client") else "unknown"
        wait = self.tries.wait_seconds(address)
        if wait > 0.0:
            sentence = f"Expected fewer wrong logins; try again in {max(1, round(wait))} seconds."
            answer = _page(asked, sentence, 429) if _wants_page(scope) else JSONResponse({"detail": sentence}, 429)
            answer.headers["retry-after"] = str(max(1, round(wait)))
        elif not self.accounts.lets_in(user.strip(), password):
            self.tries.note(address)
            sentence = "Expected a user and the password that belongs to it, but these do not fit; try again."
            answer = _page(asked, sentence, 400) if _wants_page(scope) else JSONResponse({"detail": sentence}, 400)
        else:
            self.tries.forget(address)
            answer = RedirectResponse(_own(asked), 303) if _wants_page(scope) else JSONResponse({"success": True})
            self._set(answer, self.logins.begin(user.strip()), scope)
        await answer(scope, receive, send)

    def _set(self, answer: Response, value: str, scope: Message) -> None:
        parts = [f"{self.cookie}={value}", "Path=/", "HttpOnly"]
        secure = scope.get("scheme") == "https"
        if self.framed and secure:
            parts += ["SameSite=None", "Partitioned"]
        else:  # sent when a link from elsewhere leads here, not with what another site's page asks for by itself
            parts.append("SameSite=Lax")
        answer.raw_headers.append((b"set-cookie", "; ".join([*parts, "Secure"] if secure else parts).encode("ascii")))


def _wants_page(scope: Message) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _own(asked: str) -> str:
    """Return an address of this server's own, whatever was asked for."""
    return asked if _NEXT.fullmatch(asked) else "/"


def _page(asked: str, problem: str, status: int = 200) -> Response:
    said = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    document = _FORM.read_text(encoding="utf-8").replace("NEXT", escape(_own(asked))).replace("PROBLEM", said)
    return HTMLResponse(document, status, headers={"cache-control": "no-store"})
