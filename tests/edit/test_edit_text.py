import re

import numpy as np
import pytest

from engine.edit.edit import Edit, Stroke, covered
from engine.edit.text import LONGEST, from_text, shortened, to_text
from engine.errors import UsageError

REGIONS = ("eyes", "mouth", "other_skin")
FULL = Edit(
    strokes=(Stroke(((0, 255), (128, 64), (3, 7)), 40), Stroke(((251, 255),), 255)),
    hidden=("mouth", "other_skin"),
    fill="neighbour",
    swapped=("eyes",),
    brightness=-12,
    contrast=130,
    rotation=-90,
    blur_tenths=15,
)


def test_an_edit_comes_back_from_its_text() -> None:
    text = to_text(FULL)
    assert from_text(text, REGIONS) == FULL
    assert re.fullmatch(r"[A-Za-z0-9._-]+", text)
    # 40 = 0x28 and the points 00 ff, 80 40, 03 07 in base 64; 255 and (251, 255).
    assert text == (
        "brush-KAD_gEADBw.brush-__v_.hide-mouth-other_skin.fill-neighbour.swap-eyes."
        "light--12.contrast-130.turn--90.blur-15"
    )


def test_no_edit_is_the_empty_text() -> None:
    assert to_text(Edit()) == ""
    assert from_text("", REGIONS) == Edit()
    assert to_text(Edit(hidden=("eyes",))) == "hide-eyes"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "Unknown part of an edit 'nonsense'; valid: brush, hide, fill"),
        ("hide", "Unknown part of an edit 'hide'"),
        ("hide-ear", "Unknown region 'ear'; valid: eyes, mouth, other_skin"),
        ("hide-", "Unknown region ''"),
        ("swap-eyes-eyes", "swapped once at most"),
        ("hide-eyes.hide-mouth", "'hide' once at most"),
        ("light-5.light-5", "'light' once at most"),
        ("fill-paint", "Unknown fill 'paint'"),
        ("light-x", "'light' of an edit takes a whole number, got 'x'"),
        ("turn-1e3", "takes a whole number"),
        ("turn-91", "rotation is a whole number from -90 to 90, got 91"),
        ("contrast-99999999999999999999", "takes a whole number"),
        ("brush-KA", "stroke of this address is damaged"),
        ("brush-KAD", "stroke of this address is damaged"),
        ("brush-?<script>", "stroke of this address is damaged"),
        ("brush-", "stroke of this address is damaged"),
        ("brush-AAAA", "A brush is 1 to 255"),
        ("..", "Unknown part of an edit ''"),
        ("x" * (LONGEST + 1), "takes 1,800 characters at most, got 1,801"),
    ],
)
def test_bad_texts_are_refused_with_one_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_text(text, REGIONS)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def scribble(points: int, seed: int = 0) -> Stroke:
    """A wavering line that no exact straight pieces describe."""
    rng = np.random.default_rng(seed)
    x = np.linspace(5, 250, points)
    y = 128 + 90 * np.sin(x / 12) + rng.uniform(-1, 1, points)
    return Stroke(tuple((int(a), int(b)) for a, b in zip(x, y, strict=True)), 30)


def test_long_strokes_are_simplified_and_still_cover_the_same() -> None:
    edit = Edit(strokes=(scribble(1500),))
    assert len(to_text(edit)) > LONGEST
    short = shortened(edit)
    assert len(to_text(short)) <= LONGEST
    assert from_text(to_text(short), REGIONS) == short
    before, after = covered(edit.strokes, 48, 48), covered(short.strokes, 48, 48)
    assert (before != after).sum() <= 0.05 * before.sum()
    assert shortened(short) == short


def test_what_cannot_be_shortened_enough_is_said() -> None:
    edit = Edit(strokes=tuple(scribble(1500, seed) for seed in range(60)))
    with pytest.raises(UsageError, match=r"This edit takes [\d,]+ characters even with its strokes simplified"):
        shortened(edit)
