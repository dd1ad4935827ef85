from __future__ import annotations

import numpy as np
import pytest

from engine.media.search_plan import CLOSE_FACE, CLOSE_SIDE, OVERLAP, SIDE, Look, closer, plan


def spans(look: Look) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a piece in pixels of the picture."""
    corners = look.back(np.array([[0, 0], [look.width, look.height]], np.float32))
    return (*corners[0].tolist(), *corners[1].tolist())


def test_a_small_picture_is_one_piece_with_room_around_it() -> None:
    (look,) = plan(512, 400)
    assert spans(look)[:2] == pytest.approx((-40, -40))
    assert spans(look)[2] >= 552
    assert (look.width % 32, look.height % 32) == (0, 0)


def test_a_thumbnail_is_enlarged() -> None:
    (look,) = plan(48, 48)
    assert look.back_scale == pytest.approx(48 / 192)


@pytest.mark.parametrize("size", [(4000, 3000), (961, 200), (12000, 900)])
def test_any_face_lies_whole_in_a_piece_where_it_is_large_enough(size: tuple[int, int]) -> None:
    """Faces of 24 pixels to half of the picture, anywhere: in some piece they are whole and 24 pixels or more."""
    looks = plan(*size)
    assert max(look.width for look in looks) <= 1.3 * SIDE
    rng = np.random.default_rng(0)
    for _ in range(300):
        face = float(np.exp(rng.uniform(np.log(24), np.log(min(size) / 2))))
        x, y = rng.uniform(0, size[0] - face), rng.uniform(0, size[1] - face)
        fits = [
            look
            for look in looks
            if (box := spans(look))[0] <= x and box[1] <= y and x + face <= box[2] and y + face <= box[3]
        ]
        assert max(face / look.back_scale for look in fits) >= 24 - 1e-6
        assert min(face / look.back_scale for look in fits) <= SIDE
    assert OVERLAP >= 4 * 24


def test_one_look_where_time_presses() -> None:
    (look,) = plan(4000, 3000, thorough=False)
    assert 640 <= look.width <= 800


def test_a_piece_shows_what_it_says() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[140:160, 190:210] = 255
    for look in (*plan(400, 300), *closer(200, 150, 22)):
        view = look.take(pixels, {})
        rows, columns = np.nonzero(view[..., 0] > 127)
        middle = np.array([[columns.mean() + 0.5, rows.mean() + 0.5]], np.float32)
        assert look.back(middle)[0] == pytest.approx((200, 150), abs=1.0)


def test_a_second_look_is_enlarged_and_turned() -> None:
    upright, left, right = closer(100, 80, 22)
    for look in (upright, left, right):
        assert (look.width, look.height) == (CLOSE_SIDE, CLOSE_SIDE)
        assert look.back_scale == pytest.approx(22 / CLOSE_FACE)
        assert look.back(np.array([[48, 48]], np.float32))[0] == pytest.approx((100, 80))
    angles = [np.degrees(np.arctan2(look.matrix[1, 0], look.matrix[0, 0])) for look in (upright, left, right)]
    assert angles == pytest.approx([0, 30, -30])
