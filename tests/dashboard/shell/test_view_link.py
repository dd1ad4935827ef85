"""Links to a view by its address."""

from __future__ import annotations

from dashboard.shell.view_link import address_of, link_html, picture_link


def test_an_address_is_relative_and_its_values_are_quoted() -> None:
    assert address_of("Explain", {}) == "Explain"
    assert address_of("Explain", [("id", "test/a&b"), ("id", "c")]) == "Explain?id=test%2Fa%26b&id=c"
    assert address_of("Home", {"model": "cbam"}) == "./?model=cbam"  # Home has the site's own address


def test_what_is_hostile_is_text() -> None:
    link = link_html("Explain?a=1&b=2", '<img src=x onerror="x">')
    assert 'href="Explain?a=1&amp;b=2"' in link
    assert "<img" not in link
    around = picture_link("Explain", "<img>", '"><script>')
    assert "<script>" not in around
    assert around.endswith("><img></a>")
