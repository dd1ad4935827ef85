"""Which checks the address asks for: done on arrival where they are quick, else one press away; kept by face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared.figures.trust import Trusted
from dashboard.views.explain import loaders, trust
from dashboard.views.explain.trust import Asked, of_results, words
from engine.records import Explanation
from engine.trust import map_sanity
from engine.trust.map_sanity import MapSanity
from tests.dashboard.made import open_page, page_html, sentences
from tests.dashboard.made_report import Caught
from tests.dashboard.made_trust import make_faithful, make_sanity, make_use

PAGE = "views/explain/page.py"


def said(app: AppTest) -> str:
    value = app.query_params.get("checks", "")
    return value if isinstance(value, str) else ",".join(value)


def buttons(app: AppTest) -> set[str | None]:
    return {button.key for button in app.button} & {"check_trust", "check_sanity"}


@pytest.fixture
def further(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Further checks that take no time; the methods that were checked are noted."""
    methods: list[str] = []

    def quick(
        _model: object, _seen: object, item: Explanation, *, progress: Callable[..., None], **_named: Any
    ) -> MapSanity:
        progress("random weights", 1, 2)
        methods.append(item.method)
        return make_sanity(item.method, item.layer, item.target)

    monkeypatch.setattr(map_sanity, "map_sanity", quick)
    loaders._book.clear()
    yield methods
    loaders._book.clear()


def patience(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(trust, "QUICK_SECONDS", seconds)


def test_what_is_quick_and_asked_anew_is_done_at_once() -> None:
    asked = Asked(frozenset({"trust"}), anew=True)
    assert asked.at_once("trust", 4.9)
    assert not asked.at_once("trust", 5.1)
    assert not asked.at_once("further", 0.1)
    assert not Asked(frozenset({"trust"}), anew=False).at_once("trust", 0.1)
    assert asked.waiting("trust") == "Asked for and not done yet: "
    assert asked.waiting("further") == ""


def test_a_reports_address_asks_for_what_is_shown() -> None:
    assert words({"further", "trust"}) == "trust,further"
    assert of_results(Trusted(), ()) == {}
    assert of_results(Trusted({"g": make_use(0.1)}), ()) == {"checks": "trust"}
    judged = Trusted({}, {("gradcam", "block4", "happy"): make_faithful(0.1)})
    assert of_results(judged, [make_sanity()]) == {"checks": "trust,further"}


def test_a_press_is_written_and_another_face_takes_it_out(
    home: AppTest, quick_trust: dict[str, list[str]], further: list[str]
) -> None:
    app = open_page(home, PAGE, sample="drawn-happy")
    assert said(app) == ""
    app.button(key="check_trust").click().run()
    assert said(app) == "trust"
    app.button(key="check_sanity").click().run()
    assert not app.exception
    assert said(app) == "trust,further"
    app.selectbox(key="sample").set_value("drawn-sad").run()
    assert not app.exception
    assert said(app) == ""
    assert buttons(app) == {"check_trust", "check_sanity"}
    assert (len(quick_trust["maps"]), len(further)) == (1, 1)
    # The first face again: what was asked of it is still known.
    app.selectbox(key="sample").set_value("drawn-happy").run()
    assert said(app) == "trust,further"
    assert buttons(app) == set()


def test_an_address_has_quick_checks_done_on_arrival(
    home: AppTest,
    quick_trust: dict[str, list[str]],
    further: list[str],
    monkeypatch: pytest.MonkeyPatch,
    report: Caught,
) -> None:
    patience(monkeypatch, 1e6)
    app = open_page(home, PAGE, sample="drawn-happy", checks="trust,further")
    assert not app.exception
    assert not sentences(app)
    assert (quick_trust["maps"], further) == (["gradcam"], ["gradcam"])
    assert buttons(app) == set()
    assert said(app) == "trust,further"
    assert "fl-sanity" in page_html(app).replace(".fl-sanity", "")
    # Its report holds both and asks for both again.
    assert set(report.document["results"]) == {"trust", "sanity"}
    assert report.document["query"]["checks"] == ["trust,further"]
    (matrix,) = [name for name in report.arrays if name.endswith("/class_correlation")]
    assert matrix.startswith("sanity/gradcam/block4/")
    assert report.arrays[matrix].shape == (2, 2)
    assert "trust/gate/block1.spatial/distance" in report.arrays
    assert "Further checks of the maps" in report.page
    # Only on arrival: another class is not checked unasked.
    app.selectbox(key="target").set_value("fear").run()
    assert (len(quick_trust["maps"]), len(further)) == (1, 1)
    assert buttons(app) == {"check_trust", "check_sanity"}


def test_an_address_offers_what_would_take_long(
    home: AppTest, quick_trust: dict[str, list[str]], further: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    patience(monkeypatch, -1.0)
    app = open_page(home, PAGE, sample="drawn-happy", checks="trust,further")
    assert not app.exception
    assert (quick_trust["maps"], further) == ([], [])
    assert buttons(app) == {"check_trust", "check_sanity"}
    waiting = [caption.value for caption in app.caption if caption.value.startswith("Asked for and not done yet: ")]
    assert len(waiting) == 2
    assert said(app) == "trust,further"
    (folded,) = [block for block in app.expander if block.label == "Further checks of the maps"]
    assert folded.proto.expanded
    app.button(key="check_sanity").click().run()
    assert further == ["gradcam"]


def test_an_unknown_check_is_said_with_the_valid_ones(home: AppTest, quick_trust: dict[str, list[str]]) -> None:
    app = open_page(home, PAGE, sample="drawn-happy", checks="magic")
    assert not app.exception
    assert sentences(app) == ["Unknown check 'magic' in the address; valid: trust, further."]
    assert said(app) == ""
    assert quick_trust["maps"] == []


def test_which_maps_curves_are_shown_is_in_the_address(
    home: AppTest, quick_trust: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    patience(monkeypatch, 1e6)
    app = open_page(
        home, PAGE, sample="drawn-happy", methods="layercam", target="happy", checks="trust", curves_of="layercam"
    )
    assert not app.exception
    assert quick_trust["maps"] == ["gradcam", "layercam"]
    assert app.selectbox(key="trust_map").value == "LayerCAM for happy at block 4"
    app.selectbox(key="trust_map").set_value("Grad-CAM for happy at block 4").run()
    assert "curves_of" not in app.query_params
