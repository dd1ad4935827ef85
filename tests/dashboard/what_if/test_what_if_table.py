import re

import numpy as np
import pytest

from dashboard.views.what_if.figures.answers import effects_table, reach_points, read_effects, table_columns
from engine.edit.region_effects import RegionEffects


def effects(*after: tuple[float, float, float]) -> RegionEffects:
    return RegionEffects(
        regions=("mouth", "off_face")[: len(after)],
        classes=("angry", "happy", "sad"),
        before=np.array([0.1, 0.8, 0.1], np.float32),
        after=np.array(after, np.float32).reshape(-1, 3),
        shares=np.array([0.08, 0.4], np.float32)[: len(after)],
        fill="blur",
        exact=True,
    )


FOUND = effects((0.6, 0.3, 0.1), (0.1, 0.81, 0.09))


def test_the_answer_stands_first_and_numbers_are_points() -> None:
    assert table_columns(FOUND) == ("happy", "angry", "sad")
    html = effects_table(FOUND)
    assert [re.sub("<.*?>", "", row) for row in re.findall(r'<th scope="row">(.*?)</th>', html)] == [
        "mouth",
        "hair, background",
    ]
    cells = re.findall(r'<td class="fl-wcell.*?>(.*?)</td>', html)
    assert cells == ["−50.0", "+50.0", "0.0", "+1.0", "0.0", "−1.0"]
    assert "happy with mouth hidden: 80 % to 30 %, −50.0 points" in html
    assert "8 %" in html
    assert html.count("the same") == 1
    assert "hidden above" not in html
    assert effects_table(FOUND, ("mouth",)).count("hidden above") == 1


def test_zero_is_grey_gain_is_red_and_text_can_be_read() -> None:
    colors = re.findall(r"background:rgb\((\d+),(\d+),(\d+)\);color:(#\w+)", effects_table(FOUND))
    (lost, gained, none, *_) = [(int(r), int(g), int(b)) for r, g, b, _ in colors]
    assert max(none) - min(none) < 8
    assert lost[2] > lost[0] + 50
    assert gained[0] > gained[2] + 50
    assert [ink for *_, ink in colors][:3] == ["#fff", "#fff", "#000"]


def test_the_scale_reaches_twenty_points_at_least() -> None:
    assert reach_points(FOUND) == 50.0
    assert reach_points(effects((0.11, 0.79, 0.1))) == 20.0


def test_the_sentence_names_the_region_and_what_it_takes() -> None:
    assert read_effects(FOUND) == (
        "Happy hangs most on the region “mouth”: hidden, it takes 50.0 points (80 % to 30 %), with 8 % of the crop; "
        "the answer then is angry."
    )
    assert "leaves happy as probable" in read_effects(effects((0.1, 0.81, 0.09)))
    assert read_effects(effects()) == "No region of this face has a pixel."


def test_a_table_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="expected probabilities"):
        RegionEffects(("mouth",), ("a", "b"), np.zeros(2, np.float32), np.zeros((2, 2), np.float32),
                      np.zeros(1, np.float32), "blur", exact=True)  # fmt: skip
