"""Nothing answers without a login, and a login is hard to come by."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.doors.accounts import Accounts, WrongTries
from dashboard.doors.login import IDLE_SECONDS, USER, Login, Logins
from tests.dashboard.made_asgi import Answer, Behind, ask
from tests.dashboard.made_live import Clock

PAGE = {"accept": "text/html,*/*"}
RIGHT = "secret"


class Door:
    """A login before an application, with a clock that tests set."""

    def __init__(self, **more: Any) -> None:
        self.clock, self.behind = Clock(), Behind()
        self.app = Login(
            self.behind,
            Accounts({"ada": "secret"}),
            cookie="ferlens-1",
            logins=Logins(clock=self.clock),
            tries=WrongTries(clock=self.clock),
            **more,
        )

    def ask(self, path: str = "/", **how: Any) -> Answer:
        self.behind.scope = None
        return ask(self.app, path, behind=self.behind, **how)

    def sign_in(self, password: str = RIGHT, *, path: str = "/login", **how: Any) -> Answer:
        return self.ask(path, method="POST", body=f"username=ada&password={password}".encode(), **how)

    def cookie(self) -> dict[str, str]:
        return {"cookie": self.sign_in().headers["set-cookie"].partition(";")[0]}


ROUTES = (
    "/", "/Explain", "/config", "/live/config", "/gradio_api/call/predict", "/_stcore/upload_file/a/b", "/media/x.png",
    "/static/a.js", "/live/snapshot/" + "a" * 32, "/_stcore/health/x", "//", "/login/x", "/live/live/login",
)  # fmt: skip


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_no_route_answers_without_a_login(path: str, method: str) -> None:
    door = Door()
    for cookie in ("", "ferlens-1=", "ferlens-1=x", "ferlens-2=x", 'ferlens-1="; =', "\x00"):
        answer = door.ask(path, method=method, headers={"cookie": cookie})
        assert answer.status == 401
        assert answer.scope is None


def test_a_websocket_is_refused_without_and_opened_with_a_login() -> None:
    door = Door()
    assert door.ask("/_stcore/stream", kind="websocket").status == 403
    opened = door.ask("/_stcore/stream", kind="websocket", headers=door.cookie())
    assert opened.status == 101
    assert opened.scope is not None
    assert opened.scope[USER] == "ada"


def test_a_browser_is_sent_to_the_login_and_back() -> None:
    door = Door()
    answer = door.ask("/Explain", query="model=cbam", headers=PAGE)
    assert (answer.status, answer.headers["location"]) == (303, "/login?next=%2FExplain%3Fmodel%3Dcbam")
    form = door.ask("/login", query="next=%2FExplain%3Fmodel%3Dcbam", headers=PAGE)
    assert b'value="/Explain?model=cbam"' in form.body
    body = b"username=ada&password=secret&next=%2FExplain%3Fmodel%3Dcbam"
    back = door.ask("/login", method="POST", body=body, headers=PAGE)
    assert (back.status, back.headers["location"]) == (303, "/Explain?model=cbam")
    assert "HttpOnly" in back.headers["set-cookie"]
    assert "SameSite=Lax" in back.headers["set-cookie"]
    assert "Secure" not in back.headers["set-cookie"]


@pytest.mark.parametrize(
    "there", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "javascript:1", "/a\r\nb: c"]
)
def test_nobody_is_sent_on_to_another_site(there: str) -> None:
    from urllib.parse import urlencode

    door = Door()
    body = urlencode({"username": "ada", "password": "secret", "next": there}).encode()
    assert door.ask("/login", method="POST", body=body, headers=PAGE).headers["location"] == "/"
    assert b"evil" not in door.ask("/login", query=urlencode({"next": there}), headers=PAGE).body


def test_the_form_holds_nothing_of_the_address_as_markup() -> None:
    shown = Door().ask("/login", query="next=/%22%3E%3Cscript%3E", headers=PAGE).body
    assert b"<script>" not in shown


def test_clients_sign_in_with_json_and_at_the_live_page_too() -> None:
    door = Door()
    for path in ("/login", "/login/", "/live/login"):
        answer = door.sign_in(path=path)
        assert (answer.status, answer.body) == (200, b'{"success":true}')
    assert door.ask("/config", headers=door.cookie()).status == 200


def test_over_https_the_cookie_is_secure_and_in_a_frame_it_says_so() -> None:
    assert "Secure" in Door().sign_in(scheme="https").headers["set-cookie"]
    framed = Door(framed=True).sign_in(scheme="https").headers["set-cookie"]
    assert {"SameSite=None", "Partitioned", "Secure"} <= {part.strip() for part in framed.split(";")}
    assert "SameSite=Lax" in Door(framed=True).sign_in().headers["set-cookie"]


def test_wrong_logins_slow_down_even_the_right_one() -> None:
    door = Door()
    for _ in range(4):
        answer = door.sign_in("wrong")
        assert answer.status == 400
        assert b"secret" not in answer.body
    slowed = door.sign_in()
    assert (slowed.status, slowed.headers["retry-after"]) == (429, "1")
    assert door.sign_in(client="203.0.113.10").status == 200  # another visitor
    door.clock.now += 2
    assert door.sign_in().status == 200
    assert b'role="alert"' in door.sign_in("wrong", headers=PAGE).body


def test_a_login_ends_when_it_is_ended_or_forgotten() -> None:
    door = Door()
    cookie = door.cookie()
    door.clock.now += IDLE_SECONDS - 1
    assert door.ask("/", headers=cookie).status == 200
    door.clock.now += IDLE_SECONDS + 1
    assert door.ask("/", headers=cookie).status == 401
    cookie = door.cookie()
    assert door.ask("/logout", headers=cookie).headers["location"] == "/login"
    assert door.ask("/", headers=cookie).status == 401


def test_a_form_without_end_is_refused_and_health_needs_no_login() -> None:
    door = Door()
    assert door.ask("/login", method="POST", body=b"x" * 10_000).status == 413
    assert door.ask("/login", method="POST", body=b"\xff=%&&;").status == 400
    assert door.ask("/_stcore/health").status == 200
    assert door.ask("/_stcore/health", method="POST").status == 401
