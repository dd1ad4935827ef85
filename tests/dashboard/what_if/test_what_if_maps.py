from dataclasses import replace

import numpy as np
import pytest

from dashboard.shared.figures.map_card import MapStyle
from dashboard.views.what_if.figures.maps import channel_words, columns_html, map_columns
from engine.records import FaceExplanation
from tests.dashboard.made import make_gate, make_map


@pytest.fixture
def after(explained: FaceExplanation) -> FaceExplanation:
    gates = (
        make_gate("block1.channel", "channel", [0.2, 0.6, 0.5]),
        make_gate("block1.spatial", "spatial", [[0.41, 0.5], [0.6, 0.33]]),
    )
    return replace(explained, gates=gates, maps=(make_map([[0.0, 4.0], [1.0, 0.0]]),))


def test_each_map_has_before_after_and_the_plain_difference(explained: FaceExplanation, after: FaceExplanation) -> None:
    gradcam, gate = map_columns(explained, after, "happy", "fixed")
    assert (gradcam.name, gate.name) == ("Grad-CAM, block 4", "Gate, block 1")
    assert [card.title for card in gate.cards] == ["before", "after", "change"]
    for column, wanted in ((gradcam, [[0, 3], [0, -2]]), (gate, [[0, 0], [0, -0.3]])):
        np.testing.assert_allclose(column.cards[2].values, wanted, atol=1e-6)
        assert column.cards[2].signed
    assert gradcam.cards[0].limits == gradcam.cards[1].limits == (0.0, 4.0)
    assert gradcam.cards[2].limits == (-3.0, 3.0)
    assert gate.cards[0].limits == (0.0, 1.0)
    assert gate.cards[2].limits == pytest.approx((-0.3, 0.3))


def test_small_changes_look_small(explained: FaceExplanation) -> None:
    gradcam, gate = map_columns(explained, explained, "happy", "fixed")
    assert gradcam.cards[2].limits == pytest.approx((-0.2, 0.2))  # a tenth of the map's largest value
    assert gate.cards[2].limits == (-0.1, 0.1)
    assert not gate.cards[2].values.any()


def test_a_face_without_evidence_says_so_and_its_change_is_drawn(explained: FaceExplanation) -> None:
    none = replace(explained, maps=(make_map([[0.0, 0.0], [0.0, 0.0]], raw_maximum=-1.0),))
    gradcam, _ = map_columns(explained, none, "happy", "fixed")
    assert gradcam.cards[1].values is None
    np.testing.assert_allclose(gradcam.cards[2].values, [[0, -1], [-1, -2]])
    nothing, _ = map_columns(none, none, "happy", "fixed")
    assert nothing.cards[2].limits == (-1.0, 1.0)
    html = columns_html(explained, none, (gradcam,), MapStyle())
    assert "no positive evidence for happy" in html
    assert html.count("<figure") == 3
    assert "fl-wsingle" in html
    assert "fl-wsingle" not in columns_html(explained, none, map_columns(explained, none, "happy", "fixed"), MapStyle())


def test_the_channel_gates_are_told_in_words(explained: FaceExplanation, after: FaceExplanation) -> None:
    said = channel_words(explained, after)
    assert said == "Channel gates moved, on average: block 1 by .100, most in channel 1 (−.300)."
    assert channel_words(explained, explained) == "No channel gate moved."
    assert channel_words(replace(explained, gates=()), replace(after, gates=())) == ""
