import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from dashboard.shared.figures.map_card import MapStyle
from dashboard.views.evidence.figures.cards import (
    evidence_words,
    face_html,
    figures_words,
    map_html,
    map_rows,
    outline_image,
    outline_path,
    row_html,
    unit_words,
    verdict_html,
)
from engine.evidence.face import JudgedFace, JudgedMap, KnownFace
from engine.evidence.report import MapSource
from tests.dashboard.made import make_prediction

CAM = MapSource("method", "gradcam", "block3", (2, 2))
GATE = MapSource("gate", "spatial", "block3.spatial", (2, 2))


def known(**changes: object) -> KnownFace:
    evidence = np.zeros((48, 48), np.bool_)
    evidence[24:36, 12:36] = True
    face = KnownFace(
        "test/happy/00003",
        np.full((48, 48), 128, np.uint8),
        "happy",
        {12: 0.6, 6: 0.9},
        {2: 0.1},
        evidence,
        np.ones((48, 48), np.bool_),
        None,
    )
    return replace(face, **changes)  # type: ignore[arg-type]


def judged(source: MapSource, values: list[list[float]], **figures: float | None) -> JudgedMap:
    named = {"hit": 1.0, "mass": 0.25, "enrichment": 1.0, "off_face": 0.4} | figures
    return JudgedMap(source, np.array(values, np.float32), **named)


def test_the_outline_follows_pixel_edges() -> None:
    assert outline_path(np.zeros((3, 3), np.bool_)) == ""
    one = np.zeros((3, 3), np.bool_)
    one[1, 2] = True  # row 1, column 2: the square from (2, 1) to (3, 2), its right side on the border
    assert outline_path(one) == "M2 1h1M2 2h1M2 1v1M3 1v1"
    two = np.zeros((3, 3), np.bool_)
    two[0, :2] = True  # neighbours share one outline, without the edge between them
    assert outline_path(two) == "M0 0h2M0 1h2M0 0v1M2 0v1"


def test_the_outline_is_an_image_that_survives_streamlit() -> None:
    assert outline_image(np.zeros((4, 4), np.bool_)) == ""
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,(.*?)"', outline_image(known().evidence))
    drawn = base64.b64decode(data).decode()
    assert 'viewBox="0 0 48 48"' in drawn
    assert drawn.count("M12 24h24") == 2  # dark under light


def test_the_face_carries_its_outline_and_its_words() -> None:
    assert "fl-outline" in face_html(known())
    assert evidence_words(known()).endswith("12.5\u00a0% of the picture.")
    assert unit_words(known()) == "Action units: AU6 90 %, AU12 60 %. Distractors: AU2 10 %."
    bare = known(evidence=np.zeros((48, 48), np.bool_), units={}, distractors={}, label="neutral")
    assert "a neutral face has none" in evidence_words(bare)
    assert "is covered" in evidence_words(known(evidence=np.zeros((48, 48), np.bool_)))
    assert "the planted mark, here that of “sad”" in evidence_words(known(cue="sad"))
    assert "fl-outline" not in face_html(bare)


def test_right_wrong_and_fooled_are_said() -> None:
    answer = make_prediction(0.02, 0.02, 0.02, 0.1, 0.02, 0.8, 0.02)
    assert "rightly" in verdict_html(JudgedFace(known(label="sad"), answer, ()))
    wrong = verdict_html(JudgedFace(known(), answer, ()))
    assert "80 % · wrongly<" in wrong
    assert "wrongly, with the mark’s class" in verdict_html(JudgedFace(known(cue="sad"), answer, ()))


def test_a_map_has_outline_figures_and_raw_range() -> None:
    html = map_html(known().image, judged(CAM, [[-1.0, 1.0], [2.0, 4.0]]), "<img OUTLINE>", MapStyle(), "sad")
    assert "<b>block 3</b>" in html
    assert "2 × 2 cells" in html
    assert "OUTLINE" in html
    assert "2.0× denser" in html
    for words in ("strongest place hits 100 %", "on evidence 25 %", "off the face 40 %"):
        assert words in html
    assert "min 0 · mean <b>1.750</b> · max 4.000" in html  # negative values are cut off, as the figures do
    assert html.count("<img") == 3  # cells, smooth, outline
    cells = map_html(known().image, judged(CAM, [[0.0, 1.0], [2.0, 4.0]]), "", MapStyle(smooth=False), "sad")
    assert cells.count("<img") == 1


def test_gates_keep_the_fixed_scale_and_explanations_their_own() -> None:
    gate = map_html(known().image, judged(GATE, [[0.5, 0.5], [0.5, 0.6]]), "", MapStyle(), "sad")
    assert '<div class="fl-scale"><span>0</span>' in gate
    assert "<span>1</span></div>" in gate
    stretched = map_html(known().image, judged(GATE, [[0.5, 0.5], [0.5, 0.6]]), "", MapStyle(scale="stretch"), "sad")
    assert "<span>.600</span></div>" in stretched
    cam = map_html(known().image, judged(CAM, [[0.5, 0.5], [0.5, 0.6]]), "", MapStyle(), "sad")
    assert "<span>0</span>" in cam
    assert "<span>.600</span></div>" in cam


def test_an_all_negative_explanation_is_said_and_not_drawn() -> None:
    none = dict.fromkeys(("hit", "mass", "enrichment", "off_face"))
    html = map_html(known().image, judged(CAM, [[-1.0, -2.0], [-1.0, 0.0]], **none), "", MapStyle(), "sad")
    assert "no positive evidence for sad" in html
    assert "fl-scale" not in html
    assert "not judged" in figures_words(judged(CAM, [[0.0]], **none))


@pytest.mark.parametrize("methods", [1, 3])
def test_a_row_a_method_and_one_for_the_gates(methods: int) -> None:
    names = ["gradcam", "occlusion", "integrated"][:methods]
    maps = [
        judged(MapSource("method", name, f"block{layer}", (2, 2)), [[0.0, 1.0], [0.0, 1.0]])
        for name in names
        for layer in (1, 2, 3, 4)
    ]
    face = JudgedFace(known(), make_prediction(0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05), (*maps, judged(GATE, [[0.5]])))
    rows = map_rows(face)
    assert [len(entries) for _, _, entries in rows] == [4] * methods + [1]
    assert rows[0][:2] == ("Grad-CAM", "for the answer, “angry”")
    assert rows[-1][0] == "Spatial gates"
    assert "class-agnostic" in rows[-1][1]
    html = row_html(face, *rows[0], MapStyle())
    assert html.count("fl-outline") == 4
