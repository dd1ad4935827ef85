"""The committed diagrams are what the networks of today draw."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from docs.site import diagrams, sheet
from tests.made import ROOT


@pytest.mark.parametrize("name", ["cbam", "cmaen", "gate-finder"])
def test_the_committed_file_is_what_is_drawn(name: str) -> None:
    assert (diagrams.PLACE / f"{name}.svg").read_text(encoding="utf-8") == diagrams.DIAGRAMS[name](), (
        "the networks have changed; draw again: python -m docs.site.diagrams"
    )


def test_every_diagram_has_its_file_and_stands_in_the_document() -> None:
    assert {path.stem for path in diagrams.PLACE.glob("*")} == set(diagrams.DIAGRAMS)
    text = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    assert [name for name in diagrams.DIAGRAMS if f"](images/diagrams/{name}.svg)" not in text] == []


def test_what_they_say_is_read_off_the_networks() -> None:
    cbam, cmaen = diagrams.cbam(), diagrams.cmaen()
    assert "3,960,083 parameters" in cbam
    assert "taps block1.spatial to block4.spatial" in cbam
    assert "40,887,254 parameters, 19 taps" in cmaen
    assert "block1.attention.spatial: spatial gate of 16 x 16, by sigmoid" in diagrams.gate_finder()


@pytest.mark.parametrize("name", ["cbam", "cmaen", "gate-finder"])
def test_it_is_legible_on_light_and_dark_and_by_a_reader(name: str) -> None:
    text = diagrams.DIAGRAMS[name]()
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.find("{*}title") is not None
    light, _, dark = sheet.STYLE.partition("@media (prefers-color-scheme:dark)")
    used = set(re.findall(r'class="(\w+)"', text)) - {"line", "title", "head"}
    for look in used:
        assert f".{look}{{" in light, look
        assert f".{look}{{" in dark, look
    width, height = (float(root.get("viewBox", "").split()[index]) for index in (2, 3))
    for box in root.iter("{*}rect"):
        assert float(box.get("x", 0)) + float(box.get("width", 0)) <= width
        assert float(box.get("y", 0)) + float(box.get("height", 0)) <= height


def test_a_text_that_does_not_fit_its_box_is_refused() -> None:
    drawn = sheet.Sheet(100, 100, "a", "b")
    with pytest.raises(ValueError, match="wider"):
        drawn.box((0, 0, 60, 60), "a title that is long")
    with pytest.raises(ValueError, match="higher"):
        drawn.box((0, 0, 90, 20), "one", "two")
