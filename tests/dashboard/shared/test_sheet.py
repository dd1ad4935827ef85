import numpy as np

from dashboard.shared.figures.colours import emotion_rgb
from dashboard.shared.figures.map_card import MapStyle, explanation_cards, gate_cards
from dashboard.shared.figures.sheet import GAP, TILE, sheet
from engine.draw.overlay import overlay, resize_face
from engine.records import FaceExplanation
from tests.dashboard.made import make_map


def test_the_sheet_shows_face_bars_and_each_map(explained: FaceExplanation) -> None:
    gates = gate_cards(explained.gates_of("spatial"), "fixed")
    style = MapStyle(smooth=False)
    picture = sheet(explained, [("Gates", gates)], style, footer="how")
    top = GAP + 44
    assert (picture[top : top + TILE, GAP : GAP + TILE] == resize_face(explained.face, TILE)).all()
    assert (picture == emotion_rgb("happy")).all(axis=2).sum() > 1000  # the long bar
    drawn = overlay(explained.face, explained.gates[1].weights, smooth=False, size=TILE)
    tile = picture[top + TILE + 20 + 32 + 22 :, GAP : GAP + TILE][:TILE]
    assert (tile == drawn).all()


def test_rows_grow_the_sheet_and_empty_ones_are_left_out(explained: FaceExplanation) -> None:
    gates = gate_cards(explained.gates_of("spatial"), "fixed")
    one = sheet(explained, [("Gates", gates)], MapStyle(), footer="")
    assert sheet(explained, [("Gates", gates), ("None", ())], MapStyle(), footer="").shape == one.shape
    assert sheet(explained, [("Gates", gates * 5)], MapStyle(), footer="").shape[0] > one.shape[0]


def test_a_map_without_evidence_is_written_not_drawn(explained: FaceExplanation) -> None:
    cards = explanation_cards((make_map([[0.0]], raw_maximum=-1.0),), "fixed", titles=["happy"])
    picture = sheet(explained, [("Grad-CAM", cards)], MapStyle(), footer="")
    below = picture[GAP + 44 + TILE + 20 + 52 :]
    assert np.ptp(below.astype(int), axis=2).max() <= 16  # grey tile and letters alone
