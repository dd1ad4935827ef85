import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from dashboard.shared.figures.map_card import (
    MapStyle,
    cards_html,
    color_bar,
    even_words,
    explanation_cards,
    gate_cards,
    is_even,
    received_cards,
)
from engine.draw.overlay import overlay
from engine.records import AttentionGate, FaceExplanation
from tests.dashboard.made import make_gate, make_map

LOW = make_gate("block1.spatial", "spatial", [[0.4, 0.5]])
HIGH = make_gate("block2.spatial", "spatial", [[0.6, 0.8]])


def pictures(html: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int) for data in found]


def test_gates_share_a_scale_unless_stretched() -> None:
    assert [card.limits for card in gate_cards((LOW, HIGH), "fixed")] == [(0.0, 1.0)] * 2
    assert [card.limits for card in gate_cards((LOW, HIGH), "shared")] == [pytest.approx((0.4, 0.8))] * 2
    assert gate_cards((LOW, HIGH), "stretch")[0].limits == pytest.approx((0.4, 0.5))
    assert [card.title for card in gate_cards((LOW, HIGH), "fixed")] == ["block 1", "block 2"]


def test_explanations_without_positive_evidence_are_said_and_leave_the_scale_alone() -> None:
    maps = (make_map([[0.0, 2.0]]), make_map([[0.0, 0.0]], target="fear", raw_maximum=-1.0), make_map([[0.5, 1.0]]))
    cards = explanation_cards(maps, "fixed", titles=["a", "b", "c"], chosen=2)
    assert cards[0].limits == cards[2].limits == (0.0, 2.0)
    assert cards[1].values is None
    assert cards[1].note == "no positive evidence for fear"
    assert [card.chosen for card in cards] == [False, False, True]


def test_only_negative_maps_leave_nothing_to_scale() -> None:
    (card,) = explanation_cards((make_map([[0.0]], raw_maximum=-1.0),), "shared", titles=["a"])
    assert card.values is None


def test_a_card_says_grid_and_raw_range_and_holds_the_cells_and_the_smooth_map(explained: FaceExplanation) -> None:
    cards = gate_cards(explained.gates_of("spatial"), "fixed")
    html = cards_html(explained.face, cards, MapStyle())
    assert "2 × 2 cells" in html
    text = re.sub(r"<[^>]+>", "", html)
    assert "min .410 · mean .535 · max .630" in text
    cells, smooth = pictures(html)
    expected = overlay(explained.face, cards[0].values, smooth=False)  # type: ignore[arg-type]
    assert np.abs(cells - expected).mean() < 4  # JPEG
    assert np.abs(cells - smooth).mean() > 1


def test_blocks_alone_where_cells_are_asked_for(explained: FaceExplanation) -> None:
    cards = gate_cards(explained.gates_of("spatial"), "fixed")
    assert len(pictures(cards_html(explained.face, cards, MapStyle(smooth=False)))) == 1


def test_a_card_without_evidence_shows_the_face_and_the_sentence(explained: FaceExplanation) -> None:
    cards = explanation_cards((make_map([[0.0]], raw_maximum=-1.0),), "fixed", titles=["happy"])
    html = cards_html(explained.face, cards, MapStyle())
    assert "no positive evidence for happy" in html
    assert "fl-scale" not in html
    assert np.ptp(pictures(html)[0], axis=2).max() <= 6  # the grey face, no colour


def test_the_colour_bar_shows_the_range_and_marks_the_values() -> None:
    html = color_bar(np.array([[0.25, 0.75]], dtype=np.float32), (0.0, 1.0), "viridis")
    assert "left:25.0%;width:50.0%" in html
    assert '"fl-mean" style="left:50.0%"' in html
    assert "#440154" in html


def test_small_rows_draw_the_first_large(explained: FaceExplanation) -> None:
    cards = gate_cards((LOW, HIGH), "fixed")
    shapes = [
        picture.shape[0] for picture in pictures(cards_html(explained.face, cards, MapStyle(smooth=False), small=True))
    ]
    assert shapes == [288, 144]


def test_what_stands_below_belongs_to_the_first_cards(explained: FaceExplanation) -> None:
    html = cards_html(explained.face, gate_cards((LOW, HIGH), "fixed"), MapStyle(), below=("<i>one</i>",))
    first, second = html.split("</figure>")[:2]
    assert first.endswith("<i>one</i>")
    assert "<i>one</i>" not in second


def test_an_even_map_between_cells_says_so_and_does_not_glow() -> None:
    even, uneven = np.ones((3, 3), np.float32), np.ones((3, 3), np.float32)
    even[0, 0], even[1, 1] = 1.02, 0.98
    uneven[0, 0], uneven[1, 1] = 1.5, 0.5
    assert is_even(even)
    assert not is_even(uneven)
    assert even_words(even) == "even: every place is looked at alike (.980 to 1.020)"
    rows = np.full((9, 9), 1 / 9, np.float32)
    (card,) = received_cards([AttentionGate("block1.attention", "cross", rows)], "fixed")
    assert card.values is None
    assert card.note.startswith("even: ")
