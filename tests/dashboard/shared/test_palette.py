from itertools import combinations

from dashboard.shared.figures.colours import EMOTION_COLORS, emotion_color, emotion_rgb
from engine.draw.class_colours import OTHER
from engine.labels import VOCABULARY


def test_every_emotion_has_a_colour_of_its_own() -> None:
    assert set(EMOTION_COLORS) == set(VOCABULARY)
    for one, other in combinations(VOCABULARY, 2):
        difference = sum(abs(a - b) for a, b in zip(emotion_rgb(one), emotion_rgb(other), strict=True))
        assert difference > 60, (one, other)


def test_an_unknown_class_is_grey_and_rgb_matches_hex() -> None:
    assert emotion_color("bored") == OTHER
    assert emotion_rgb("sad") == (0x00, 0x72, 0xB2)
