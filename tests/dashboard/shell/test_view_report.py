"""The report of a view: its ZIP holds exactly what was given, and its page needs nothing from elsewhere."""

import io
import json
import re
import zipfile
from html.parser import HTMLParser
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.report.bundle import describe, zip_bytes
from dashboard.report.content import (
    Chart,
    Content,
    Section,
    Shot,
    Table,
    ViewReport,
    Weights,
    joined,
    plain_name,
)
from dashboard.report.html import report_html

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>../../é.png'
PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
ARRAYS = {
    "file": np.array([1.5, np.nan]),  # a name that np.savez itself takes
    "map/gradcam/block4": np.eye(3, dtype=np.float32),
    "classes": np.array(["happy", "sad"]),
}


def made(
    *, name: str = "face", charts: tuple[Chart, ...] = (), address: str = "http://host:1/Explain?id=1"
) -> ViewReport:
    section = Section(
        f"Heading {name}",
        (f"Words {name}",),
        (Shot.of(name, PIXELS, f"caption {name}"), Shot.of(name, PIXELS)),
        charts,
        (Table((f"head {name}", "n"), ((f"row {name}", "3"),), f"below {name}"),),
    )
    return ViewReport(
        "Explain",
        name,
        address,
        {"id": ["1"], "methods": ["a", "b"]},
        {"picture": name, "face": 1},
        (Weights("cbam", "a" * 64),),
        Content((section,), ARRAYS, (f"noted {name}",), {"measured": {"figure": 0.5}}),
        ("Keep it.",),
    )


class Elements(HTMLParser):
    """Every element with its attributes, and the text of each script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.styles: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.styles.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def opened(report: ViewReport) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(zip_bytes(report)))


def chart(text: str = "a") -> Chart:
    return Chart(go.Figure(go.Scatter(x=[1, 2], y=[3.0, 4.0], name=text), layout={"height": 240}), text)


def test_the_zip_holds_page_pictures_arrays_and_settings() -> None:
    archive = opened(made())
    assert archive.namelist() == [
        "report.html", "view.json", "arrays.npz", "pictures/01-face.png", "pictures/02-face.png",
    ]  # fmt: skip
    with np.load(io.BytesIO(archive.read("arrays.npz")), allow_pickle=False) as arrays:
        assert set(arrays.files) == set(ARRAYS)
        for key, array in ARRAYS.items():
            assert arrays[key].dtype == array.dtype
            np.testing.assert_array_equal(arrays[key], array)
    document = json.loads(archive.read("view.json"))
    assert document["models"] == [{"name": "cbam", "weights_sha256": "a" * 64}]
    assert document["settings"] == {"picture": "face", "face": 1}
    assert document["query"] == {"id": ["1"], "methods": ["a", "b"]}
    assert document["address"] == "http://host:1/Explain?id=1"
    assert {"torch", "numpy", "streamlit"} <= set(document["versions"])
    assert document["arrays"]["file"] == {"shape": [2], "dtype": "float64", "min": 1.5, "mean": 1.5, "max": 1.5}
    assert document["arrays"]["classes"]["mean"] is None
    assert document["notes"] == ["Keep it.", "noted face"]
    assert document["sections"][0]["tables"] == [{"head": ["head face", "n"], "rows": [["row face", "3"]]}]
    assert archive.read("pictures/01-face.png") == made().content.sections[0].shots[0].png


def test_the_page_says_all_of_it() -> None:
    page = opened(made()).read("report.html").decode()
    for said in ("Explain: face", "Words face", "caption face", "row face", "below face", "Keep it.", "noted face",
                 "a" * 64, "3 × 3", "map/gradcam/block4"):  # fmt: skip
        assert said in page
    elements = Elements(page)
    assert [one["href"] for one in elements.named("a")] == ["http://host:1/Explain?id=1"]
    assert len(elements.named("img")) == 2


@pytest.mark.parametrize("charts", [(), (chart(),)], ids=["still", "with a chart"])
def test_nothing_is_fetched_from_elsewhere(charts: tuple[Chart, ...]) -> None:
    page = report_html(made(charts=charts), {})
    elements = Elements(page)
    loaded = [(tag, key, value) for tag, attributes in elements.found for key, value in attributes.items()
              if key in {"src", "srcset", "data", "poster", "background", "action", "ping"}]  # fmt: skip
    assert {(tag, key) for tag, key, _ in loaded} == {("img", "src")}
    assert all(str(value).startswith("data:image/png;base64,") for _, _, value in loaded)
    assert {tag for tag, _ in elements.found}.isdisjoint({"link", "iframe", "object", "embed", "base", "form", "svg"})
    assert not re.search(r"url\(|@import", "".join(elements.styles))
    (policy,) = [one["content"] for one in elements.named("meta") if one.get("http-equiv")]
    assert str(policy).startswith("default-src 'none'; img-src data: blob:;")
    assert "unsafe-eval" not in str(policy)
    assert "http" not in str(policy)


def test_only_the_pages_own_scripts_may_run() -> None:
    import base64
    import hashlib

    page = report_html(made(charts=(chart(),)), {})
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    for text in scripts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page
    still = report_html(made(), {})
    assert "<script" not in still
    assert "script-src 'none'" in still


def test_names_cannot_smuggle_html_or_leave_the_archive() -> None:
    evil = made(
        name=EVIL, charts=(chart(EVIL + "</script><script>alert(3)</script>"),), address=f"http://host/?id={EVIL}"
    )
    page = report_html(evil, {"torch": EVIL})
    elements = Elements(page)
    assert "alert(1)</script>" not in page
    assert "alert(3)</script>" not in page
    assert len(elements.named("script")) == 3  # Plotly, the drawing, and the chart's data, which does not run
    assert not [attributes for attributes in elements.named("img") if "onerror" in attributes]
    assert len(elements.named("img")) == 2
    names = opened(evil).namelist()
    assert all(re.fullmatch(r"(pictures/\d\d-)?[\w.-]+", name) and ".." not in name for name in names)


def test_an_address_that_is_no_web_address_is_no_link() -> None:
    for address in ("/Explain?id=1", "javascript:alert(1)"):
        elements = Elements(report_html(made(address=address), {}))
        assert elements.named("a") == []


def test_a_chart_is_drawn_from_its_own_data() -> None:
    page = report_html(made(charts=(chart("one"),)), {})
    (spec,) = re.findall(r'<script type="application/json" id="chart-0-0">(.*?)</script>', page)
    document: dict[str, Any] = json.loads(spec)
    assert document["data"][0]["name"] == "one"
    assert 'data-spec="chart-0-0" style="height:240px"' in page


def test_contents_are_joined_and_no_array_is_lost() -> None:
    first = Content((Section("one"),), {"a": np.zeros(1)}, ("said",), {"x": 1})
    second = Content((Section("two"),), {"b": np.ones(1)}, ("said",), {"y": 2})
    both = joined(first, second)
    assert [section.heading for section in both.sections] == ["one", "two"]
    assert set(both.arrays) == {"a", "b"}
    assert both.results == {"x": 1, "y": 2}
    assert both.notes == ("said",)
    with pytest.raises(ValueError, match="expected each array once, got \\['a'\\] twice"):
        joined(first, first)
    with pytest.raises(ValueError, match="expected each result once, got \\['x'\\] twice"):
        joined(first, Content((), {}, (), {"x": 3}))


def test_what_a_report_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="a PNG file"):
        Shot("face", b"GIF89a")
    with pytest.raises(ValueError, match="rows of 2 cells"):
        Table(("a", "b"), (("1",),))
    with pytest.raises(ValueError, match="objects or no name in \\['a'\\]"):
        Content((), {"a": np.array([None])})
    with pytest.raises(ValueError, match="64 hex digits"):
        Weights("cbam", "abc")


def test_a_table_of_rows_writes_numbers_shortly_and_nothing_as_a_dash() -> None:
    table = Table.of(
        [{"name": "a", "n": 1200, "mean": 0.123456, "low": None}, {"name": "b", "n": 1, "mean": 2.0, "low": np.nan}]
    )
    assert table.head == ("name", "n", "mean", "low")
    assert table.rows == (("a", "1,200", "0.1235", "–"), ("b", "1", "2", "–"))


@pytest.mark.parametrize(
    ("text", "expected"), [("Eileen Collins cbam", "Eileen-Collins-cbam"), ("../../etc", "etc"), ("é*", "view")]
)
def test_a_plain_name(text: str, expected: str) -> None:
    assert plain_name(text) == expected


def test_the_description_is_json_without_nan() -> None:
    json.dumps(describe(made()), allow_nan=False)
