import pytest

from dashboard.views.what_if.brush import WIDTHS, stroke_of


def test_what_the_browser_sends_becomes_a_stroke() -> None:
    sent = {"id": 1, "points": [[0.0, 0.5], [0.25, 0.5], [0.5, 0.5]], "diameter": 40}
    stroke = stroke_of(sent, 0)
    assert stroke is not None
    assert stroke.points == ((0, 128), (128, 128))
    assert stroke.diameter == 40


def test_it_is_turned_back_with_the_face() -> None:
    stroke = stroke_of({"id": 1, "points": [[0.502, 0.001]], "diameter": 40}, 90)
    assert stroke is not None
    assert stroke.points == ((255, 128),)


def test_the_width_stays_within_the_brush() -> None:
    for diameter, kept in ((1, WIDTHS[0]), (9999, WIDTHS[1])):
        stroke = stroke_of({"id": 1, "points": [[0.5, 0.5]], "diameter": diameter}, 0)
        assert stroke is not None
        assert stroke.diameter == kept


@pytest.mark.parametrize(
    "sent",
    [
        {},
        None,
        7,
        {"points": [], "diameter": 9},
        {"points": [[0.1]], "diameter": 9},
        {"points": [[0.1, 2.0]], "diameter": 9},
        {"points": [[0.1, "x"]], "diameter": 9},
        {"points": [[0.1, float("nan")]], "diameter": 9},
        {"points": [[0.1, 0.1]]},
        {"points": [[0.1, 0.1]], "diameter": None},
    ],
)
def test_what_is_no_stroke_is_left_out(sent: object) -> None:
    assert stroke_of(sent, 0) is None
