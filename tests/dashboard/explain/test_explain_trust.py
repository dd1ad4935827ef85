"""The Explain page's further methods and trust badges."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared import face_loaders
from dashboard.shell import map_loaders, opening
from engine.errors import UsageError
from engine.explain.methods import registry
from engine.explain.methods.registry import METHODS
from engine.records import Explanation
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/explain/page.py"


def opened(home: AppTest, **address: str) -> AppTest:
    """Explain as the address opens it."""
    return open_page(home, PAGE, **address)


def asked(app: AppTest) -> list[str]:
    """The methods in the address."""
    value = app.query_params.get("methods", "")
    text = value if isinstance(value, str) else value[0]
    return text.split(",") if text else []


def badges(app: AppTest) -> list[str]:
    """The badges' verdicts, in order; a question where nothing is checked."""
    return re.findall(r'fl-trust-mark">.</span><b>(.*?)</b>', page_html(app))


def reading(app: AppTest) -> str:
    (words,) = re.findall(r'<div class="fl-reading">(.*?)</div>', page_html(app))
    return str(words)


def test_methods_of_the_address_are_added_and_unticked_ones_leave_it(home: AppTest) -> None:
    app = opened(home, sample="drawn-happy", methods="hirescam,layercam,sorcery", layer="block3")
    assert not app.exception
    (said,) = sentences(app)
    assert said.startswith("Unknown method 'sorcery'; valid: gradcam, layercam, hirescam")
    html = page_html(app)
    for name in ("layercam", "hirescam"):
        assert f"<b>{METHODS[name].title}, block 3</b>" in html
        assert f"Assumes: {METHODS[name].assumes}" in html
    assert [app.checkbox(key=f"method.{name}").value for name in ("layercam", "hirescam", "occlusion")] == [1, 1, 0]
    assert METHODS["occlusion"].assumes in app.checkbox(key="method.occlusion").help
    assert any(caption.value.startswith("65 forward: ") for caption in app.caption)
    assert asked(app) == ["layercam", "hirescam"]
    app.checkbox(key="method.hirescam").uncheck().run()
    assert "HiResCAM, block 3" not in page_html(app)
    assert asked(app) == ["layercam"]
    app.checkbox(key="method.layercam").uncheck().run()
    assert asked(app) == []


def test_a_method_that_the_model_cannot_take_is_greyed_out_with_its_reason(
    home: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusals(_model: object, _x: object, names: Sequence[str]) -> dict[str, str]:
        return {name: "it has no rule for this model" for name in names if name == "deeplift"}

    def method_map(*_given: object) -> Explanation:
        raise UsageError("LayerCAM cannot explain this face; choose another method.")

    monkeypatch.setattr(registry, "refusals", refusals)
    monkeypatch.setattr(map_loaders, "method_map", method_map)
    for book in (face_loaders._book, map_loaders._book):
        book.clear()
    app = opened(home, sample="drawn-happy", methods="deeplift,layercam")
    face_loaders._book.clear()
    assert not app.exception
    assert app.checkbox(key="method.deeplift").disabled
    assert not app.checkbox(key="method.layercam").disabled
    assert "Not for this model: it has no rule for this model." in [caption.value for caption in app.caption]
    (card,) = re.findall(r"<figcaption><b>DeepLIFT</b>.*?</figure>", page_html(app))
    assert "fl-none" in card
    assert "Not for this model: it has no rule for this model." in card
    (card,) = re.findall(r"<figcaption><b>LayerCAM</b>.*?</figure>", page_html(app))
    assert "LayerCAM cannot explain this face" in card


def test_trust_is_checked_on_demand_and_kept(home: AppTest, quick_trust: dict[str, list[str]]) -> None:
    app = opened(home, sample="drawn-happy", methods="layercam")
    assert set(badges(app)) == {"used?", "faithful?"}
    assert "Not checked on this picture yet" in reading(app)
    assert any("8 gates and 2 maps" in caption.value for caption in app.caption)
    app.button(key="check_trust").click().run()
    assert not app.exception
    assert quick_trust["maps"] == ["gradcam", "layercam"]
    assert len(quick_trust["gates"]) == 1
    verdicts = badges(app)
    assert len(verdicts) == 4 + 2 + 1  # spatial gates, both maps, the channel gate of the chosen block
    assert set(verdicts) <= {"used", "weakly used", "not used", "faithful", "no better than random"}
    assert "Of 8 attention gates" in reading(app)
    assert "n = 4 random maps" in reading(app)
    assert "check_trust" not in [button.key for button in app.button]
    app.slider(key="opacity").set_value(0.3).run()
    assert badges(app) == verdicts
    # Another target: its map is not checked, and of the gates what was found for the answer still holds.
    app.selectbox(key="target").set_value("fear").run()
    assert [name.endswith("?") for name in badges(app)] == [False] * 4 + [True] * 2 + [False]
    assert len(quick_trust["maps"]) == 2


def test_a_model_without_gates_has_its_map_checked(home: AppTest, quick_trust: dict[str, list[str]]) -> None:
    app = opened(home, model="baseline", sample="drawn-sad")
    assert any("1 map, " in caption.value for caption in app.caption)
    app.button(key="check_trust").click().run()
    assert not app.exception
    assert quick_trust["gates"] == []
    assert len(badges(app)) == 1
    assert "attention gate" not in reading(app)


def test_a_class_may_be_subtracted(home: AppTest) -> None:
    app = opened(home, sample="drawn-happy", target="happy", minus="sad")
    assert not app.exception
    assert "Grad-CAM for happy − sad at block 4" in reading(app)
    assert "<b>happy − sad</b>" in page_html(app)
    app.selectbox(key="minus").set_value("happy").run()
    (said,) = sentences(app)
    assert "both are happy; showing happy alone" in said
    assert "Grad-CAM for happy at block 4" in reading(app)


def test_the_map_of_the_league_is_checked_too(
    home: AppTest, quick_trust: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(*_given: object, **_named: object) -> opening.Supported:
        return opening.Supported("layercam", "block3", "synthetic-baseline", False, 2.0, 100)

    monkeypatch.setattr(opening, "supported", first)
    app = opened(home, model="baseline", sample="drawn-sad")
    assert not app.exception
    assert any("2 maps, " in caption.value for caption in app.caption)
    assert badges(app) == ["faithful?"] * 2
    app.button(key="check_trust").click().run()
    assert not app.exception
    assert quick_trust["maps"] == ["gradcam", "layercam"]
    assert all(verdict in {"faithful", "no better than random"} for verdict in badges(app))
    assert "layercam" not in asked(app)  # it is the league's, not asked for as a further one
    # Asked for as well, at the same layer, it is one map.
    again = opened(home, model="baseline", sample="drawn-sad", layer="block3", methods="layercam")
    assert not again.exception
    assert len(quick_trust["maps"]) == 2 or quick_trust["maps"].count("layercam") == 1
