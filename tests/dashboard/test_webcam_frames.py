"""Frames between browser and server, and how they are seen by one model or in a mirror."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from dashboard.live.exchange import LONGEST_SIDE, START, read_frame, write_frame
from dashboard.live.views import mirrored, seen_by
from engine.errors import PictureError
from engine.records import Explanation
from tests.dashboard.made import make_gate, make_map
from tests.dashboard.made_live import address_of, make_face, make_live, make_reading, pixels_of
from tests.made_hostile import jpeg_of_scans

LARGEST = 1_000_000


def flat(width: int, height: int, color: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), color, dtype=np.uint8)


def test_a_frame_arrives_upright_and_in_rgb() -> None:
    red = flat(64, 48, (220, 30, 20))
    came = read_frame(address_of(red), largest_bytes=LARGEST)
    assert came.shape == (48, 64, 3)
    assert np.abs(came.astype(int) - red).max() < 12  # JPEG is not exact
    assert np.abs(pixels_of(write_frame(red)).astype(int) - red).max() < 12


def png_address() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, format="PNG")
    return START + base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    "sent",
    [None, 7, "", "data:text/html;base64,AAAA", START + "not base64!", START + "AAAA", png_address()],
)
def test_what_is_no_frame_gets_a_sentence(sent: object) -> None:
    with pytest.raises(PictureError, match="Expected a camera frame as a JPEG"):
        read_frame(sent, largest_bytes=LARGEST)


def test_a_frame_of_no_fitting_size_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(PictureError, match=f"got {LONGEST_SIDE + 1} x 40"):
        read_frame(address_of(flat(LONGEST_SIDE + 1, 40, (0, 0, 0))), largest_bytes=LARGEST)
    with pytest.raises(PictureError, match="got 31 x 31"):
        read_frame(address_of(flat(31, 31, (0, 0, 0))), largest_bytes=LARGEST)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    with pytest.raises(PictureError, match="at most 1 kB"):
        read_frame(address_of(noise), largest_bytes=1_000)


def test_a_frame_cut_short_is_refused_or_decoded_but_never_fails_otherwise() -> None:
    whole = address_of(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = base64.b64decode(whole[len(START) :])
    with pytest.raises(PictureError):
        read_frame(START + base64.b64encode(data[:200]).decode(), largest_bytes=LARGEST)


def test_a_frame_of_many_scans_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.live.exchange.cv2.imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(PictureError, match="Expected a camera frame as a JPEG"):
        read_frame(START + base64.b64encode(jpeg_of_scans(1_000, 100)).decode(), largest_bytes=LARGEST)


def test_the_mirror_turns_picture_box_and_map_together() -> None:
    frame = np.arange(80 * 100 * 3, dtype=np.uint32).astype(np.uint8).reshape(80, 100, 3)
    gate = make_gate("block4.spatial", "spatial", [[0.1, 0.9], [0.2, 0.3]])
    live = make_live(0.0, make_face(1, make_reading(face_map=gate), box=(10, 20, 30, 40)), overlay="gate")
    turned, seen = mirrored(frame, live)
    assert (turned == frame[:, ::-1]).all()
    assert seen.faces[0].box.as_list() == [60, 20, 30, 40]  # 100 - 10 - 30 from the left
    assert seen.faces[0].reading.face_map.weights.tolist() == gate.weights[:, ::-1].tolist()  # type: ignore[union-attr]
    back, again = mirrored(turned, seen)
    assert (back == frame).all()
    assert again.faces[0].box == live.faces[0].box


def test_the_mirror_turns_an_explanation_too() -> None:
    live = make_live(0.0, make_face(1, make_reading(face_map=make_map([[0.0, 1.0]]))))
    turned = mirrored(np.zeros((80, 100, 3), dtype=np.uint8), live)[1].faces[0].reading.face_map
    assert isinstance(turned, Explanation)
    assert turned.heatmap.tolist() == [[1.0, 0.0]]


def test_each_model_sees_its_own_answers() -> None:
    live = make_live(0.0, make_face(1, make_reading("happy"), make_reading("sad", model="baseline")))
    assert [seen_by(live, slot).faces[0].label for slot in (0, 1)] == ["happy", "sad"]
    assert len(seen_by(live, 1).faces[0].readings) == 1
