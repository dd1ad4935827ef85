import base64
import math
import re
from dataclasses import replace

import numpy as np

from dashboard.shared.figures.tile import (
    figures_html,
    map_html,
    picture_html,
    place_columns,
    place_of_map,
    place_svg,
    read_choice,
    regions_html,
    tile_html,
)
from engine.analysis.mistakes import Means, MistakesView
from engine.records import FaceExplanation
from tests.dashboard.made import make_gate

ROW = {
    "id": "test/<sad>/1", "label": "sad", "predicted": "fear", "confidence": 0.7, "loss": 2.345, "suggested": "fear",
    "predicted|spatial": "sad",
}  # fmt: skip


def test_a_tile_says_label_answer_and_figures() -> None:
    html = tile_html(ROW, "<i>field</i>", "spatial")
    assert "sad <span>→</span>" in html
    assert "<b>fear</b>" in html
    assert "70 % sure · surprise 2.35 (loss)" in html or "70 % sure · surprise 2.34 (loss)" in html
    assert "spatial: sad" in html
    assert "label suspect: fear?" in html
    assert "<sad>" not in html
    assert "<i>field</i>" in html
    assert "<span>right</span>" in tile_html({**ROW, "predicted": "sad"}, "")


def drawing(html: str) -> str:
    """The SVG of a field; it must be a picture, for Streamlit takes a bare one out."""
    assert "<svg" not in html
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,(.*?)"', html)
    return base64.b64decode(data).decode()


def test_a_place_is_read_off_the_store_and_drawn() -> None:
    row = dict.fromkeys(place_columns("g"), 0.0) | {"g.centre_x": 0.25, "g.centre_y": 0.75, "g.mass.mouth": 0.6}
    place = place_of_map(row, "g")
    assert (place.x, place.y, place.region, place.share) == (0.25, 0.75, "mouth", 0.6)
    assert 'cx="25.0" cy="75.0"' in drawing(place_svg(place))
    assert "mouth 60 %" in place_svg(place)
    nothing = place_of_map(dict.fromkeys(place_columns("g")), "g")
    assert "no positive evidence" in place_svg(nothing)
    assert "circle" not in drawing(place_svg(nothing))


def test_pictures_and_maps_are_drawn(explained: FaceExplanation) -> None:
    plain = picture_html(np.zeros((48, 48), np.uint8), "a face")
    assert 'alt="a face"' in plain
    assert "block1.spatial, .410 to .630" in map_html(explained, "last gate")
    assert 'alt="Grad-CAM for happy; strongest in the ' in map_html(explained, "Grad-CAM")
    assert len({plain, map_html(explained, "last gate"), map_html(explained, "Grad-CAM")}) == 3


def test_a_model_without_spatial_gates_shows_its_last_attention(explained: FaceExplanation) -> None:
    first, last = np.full((8, 4), 0.25), np.tile([0.4, 0.2, 0.2, 0.2], (8, 1))  # 2 heads on 2x2 cells
    gates = (make_gate("block1.attention", "cross", first), make_gate("block2.attention", "cross", last))
    html = map_html(replace(explained, gates=gates), "last gate")
    assert 'alt="block2.attention, 0 to 1.600 of even; strongest ' in html


def test_the_choice_is_read_out() -> None:
    assert read_choice(MistakesView(), 1) == "1 picture answered wrongly"
    assert (
        read_choice(MistakesView(labels=("fear",), predicted=("sad",)), 1200)
        == "1,200 pictures of fear answered as sad"
    )
    assert read_choice(MistakesView(labels=("fear", "sad"), answered="all"), 3) == "3 pictures of fear or sad"
    assert read_choice(MistakesView(predicted=("sad",), answered="wrong"), 3) == "3 pictures answered as sad, wrongly"


def test_figures_stand_beside_all() -> None:
    names = ("confidence", "loss", "margin", "suspicion")
    html = figures_html(Means(2, dict.fromkeys(names, 0.5)), Means(9, dict.fromkeys(names, math.nan)))
    assert html.count("<b>0.50</b>") == 4
    assert html.count("all: –") == 4


def test_regions_share_one_scale() -> None:
    html = regions_html({"mouth": 0.5, "off_face": 0.25}, {"mouth": math.nan, "off_face": 0.5})
    assert html.count("width:100.0%") == 2
    assert "width:50.0%" in html
    assert "off face" in html


def test_a_tile_may_go_by_what_most_people_saw() -> None:
    row = {**ROW, "predicted": "sad", "majority": "fear", "votes_fear": 10}
    assert "most people saw fear" in tile_html(row, "", "", ("sad", "fear"))
    by_people = tile_html(row, "", "", ("sad", "fear"), "majority")
    assert "fear <span>→</span>" in by_people
    assert "<b>sad</b>" in by_people
    assert "labelled sad" in by_people
    assert "<span>right</span>" not in by_people
    assert "<span>right</span>" in tile_html({**row, "majority": None}, "", "", ("sad",), "majority")
