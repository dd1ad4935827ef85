"""What browsers are told that a page of this server may do."""

from __future__ import annotations

import pytest

from dashboard.doors.headers import SecurityHeaders, check_ancestors
from engine.errors import UsageError
from tests.dashboard.made_asgi import Behind, ask


def policy(headers: dict[str, str]) -> dict[str, list[str]]:
    rules = [rule.split() for rule in headers["content-security-policy"].split("; ")]
    return {rule[0]: rule[1:] for rule in rules}


def test_nothing_is_loaded_from_elsewhere_and_nobody_frames_it() -> None:
    headers = ask(SecurityHeaders(Behind())).headers
    rules = policy(headers)
    for rule, sources in rules.items():
        assert not [source for source in sources if source.startswith(("http", "*", "//"))], rule
    assert rules["default-src"] == rules["frame-ancestors"] == ["'self'"]
    assert rules["object-src"] == ["'none'"]
    assert rules["img-src"] == ["'self'", "data:", "blob:"]
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-behind"] == "yes"


def test_a_site_that_was_named_may_frame_it() -> None:
    named = check_ancestors(["https://huggingface.co"])
    headers = ask(SecurityHeaders(Behind(), named, ("http://127.0.0.1:8501",))).headers
    assert policy(headers)["frame-ancestors"] == ["'self'", "https://huggingface.co"]
    assert policy(headers)["connect-src"][-1] == "http://127.0.0.1:8501"
    assert "x-frame-options" not in headers  # it knows no list


@pytest.mark.parametrize("origin", ["huggingface.co", "https://a.b; script-src *", "*", "https://a.b/path", ""])
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(UsageError, match=r"--allow-frame as an origin"):
        check_ancestors([origin])
