"""Films as telephones, camcorders, screen recorders and video calls make them, written here packet by packet."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from engine.errors import FilmError
from engine.media import film as film_file
from engine.media.film import open_film
from engine.media.film_writer import FilmWriter
from engine.predictor import EmotionPredictor
from engine.records import UInt8
from tests.live.made_live import brightness, grey_film, photograph
from tests.made import ROOT

MILLISECOND = Fraction(1, 1000)


def grey(index: int, width: int = 96, height: int = 64) -> UInt8:
    return np.full((height, width, 3), 20 + 10 * index, dtype=np.uint8)


def make(
    path: Path,
    pictures: Sequence[UInt8],
    times: Sequence[float],
    *,
    encoder: str = "libx264",
    aspect: Fraction | None = None,
    sound_seconds: float = 0.0,
    cover: UInt8 | None = None,
) -> Path:
    """Write pictures at their times, with pixels of an aspect, with sound, with a cover."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(encoder, rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = MILLISECOND
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        sound: Any = out.add_stream("aac", rate=48_000) if sound_seconds else None
        art: Any = None
        if cover is not None:
            art = out.add_stream("mjpeg", rate=25)
            art.height, art.width = cover.shape[:2]
            art.pix_fmt = "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
        for picture, seconds in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(seconds * 1000), MILLISECOND
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if cover is not None:
            frame = av.VideoFrame.from_ndarray(cover, format="rgb24")
            frame.pts, frame.time_base = 0, MILLISECOND
            out.mux(art.encode(frame))
            out.mux(art.encode(None))
        if sound is not None:
            for start in range(0, round(48_000 * sound_seconds), 1024):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.sample_rate, silence.pts, silence.time_base = 48_000, start, Fraction(1, 48_000)
                out.mux(sound.encode(silence))
            out.mux(sound.encode(None))
    return path


@pytest.mark.parametrize(("aspect", "size"), [(Fraction(16, 11), (140, 64)), (Fraction(8, 9), (96, 72))])
def test_pixels_that_are_not_square_are_made_so(tmp_path: Path, aspect: Fraction, size: tuple[int, int]) -> None:
    circle = grey(0)
    rows, columns = np.mgrid[:64, :96]
    width = 20 / float(aspect)
    circle[((rows - 32) / 20) ** 2 + ((columns - 48) / width) ** 2 < 1] = 230
    with open_film(make(tmp_path / "dv.mkv", [circle] * 3, [0, 0.04, 0.08], aspect=aspect)) as film:
        assert (film.width, film.height) == size
        seen = next(film.frames()).pixels.mean(axis=2) > 125
    across, down = seen.any(axis=0).sum(), seen.any(axis=1).sum()
    assert abs(int(across) - int(down)) <= 3  # round again


@pytest.mark.parametrize("ending", [".mkv", ".webm", ".mp4"])
def test_frames_of_uneven_length_are_no_damage(tmp_path: Path, ending: str) -> None:
    times = [0, 0.04, 0.08, 1.9, 1.94, 5.0]
    encoder = "libvpx" if ending == ".webm" else "libx264"
    with open_film(make(tmp_path / f"uneven{ending}", [grey(n) for n in range(6)], times, encoder=encoder)) as film:
        frames = list(film.frames())
        assert not film.damaged
    assert [brightness(frame.pixels) for frame in frames] == list(range(6))
    np.testing.assert_allclose([frame.seconds for frame in frames], times, atol=0.002)


def test_a_film_whose_edit_list_begins_late_is_whole(tmp_path: Path) -> None:
    """An MP4 writes the half second before its first frame as an edit."""
    path = make(tmp_path / "late.mp4", [grey(n) for n in range(5)], [0.5 + n / 25 for n in range(5)])
    assert b"elst" in path.read_bytes()
    with open_film(path) as film:
        frames = list(film.frames())
        assert not film.damaged
    assert [brightness(frame.pixels) for frame in frames] == list(range(5))
    np.testing.assert_allclose([frame.seconds for frame in frames], [n / 25 for n in range(5)], atol=0.002)


def test_sound_that_goes_on_is_no_damage(tmp_path: Path) -> None:
    path = make(tmp_path / "sound.mkv", [grey(n) for n in range(5)], [n / 25 for n in range(5)], sound_seconds=4.0)
    with open_film(path) as film:
        assert len(list(film.frames())) == 5
        assert not film.damaged


def test_times_that_begin_anew_never_run_backwards(tmp_path: Path) -> None:
    one = grey_film(tmp_path / "one.mp4", frames=6)
    joined = tmp_path / "joined.ts"
    parts = []
    for number in range(2):
        with av.open(str(one)) as source, av.open(str(tmp_path / f"{number}.ts"), "w") as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
        parts.append((tmp_path / f"{number}.ts").read_bytes())
    joined.write_bytes(b"".join(parts))
    with open_film(joined) as film:
        seconds = [frame.seconds for frame in film.frames()]
    assert len(seconds) == 12
    assert all(np.diff(seconds) > 0)


def test_a_cover_is_no_film_and_a_film_with_one_is(tmp_path: Path) -> None:
    pictures, times = [grey(n) for n in range(4)], [n / 25 for n in range(4)]
    with open_film(make(tmp_path / "covered.mp4", pictures, times, cover=grey(20, 640, 480))) as film:
        assert (film.width, film.height) == (96, 64)
        assert [brightness(frame.pixels) for frame in film.frames()] == [0, 1, 2, 3]
        assert not film.damaged
    with av.open(str(tmp_path / "song.mp4"), "w") as out:
        sound: Any = out.add_stream("aac", rate=48_000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 48_000
        out.mux(sound.encode(silence))
        out.mux(sound.encode(None))
    with pytest.raises(FilmError, match=r"'song\.mp4' holds no moving picture"):
        open_film(tmp_path / "song.mp4")


def test_a_change_of_size_keeps_the_shape_of_what_is_seen(tmp_path: Path) -> None:
    """Two streams of one kind behind each other, as a video call records them."""
    small = make(tmp_path / "small.ts", [grey(5, 96, 64)] * 3, [0, 0.04, 0.08])
    square = grey(0, 128, 128)
    square[32:96, 32:96] = 220
    large = make(tmp_path / "large.ts", [square] * 3, [0.12, 0.16, 0.2])
    (tmp_path / "call.ts").write_bytes(small.read_bytes() + large.read_bytes())
    with open_film(tmp_path / "call.ts") as film:
        frames = [frame.pixels for frame in film.frames()]
        assert (film.width, film.height) == (96, 64)
    assert {picture.shape for picture in frames} == {(64, 96, 3)}
    seen = frames[-1].mean(axis=2) > 130
    assert abs(int(seen.any(axis=0).sum()) - int(seen.any(axis=1).sum())) <= 2
    assert abs(int(seen.any(axis=1).sum()) - 32) <= 2


def test_a_change_of_size_keeps_its_faces(tmp_path: Path) -> None:
    two = photograph(640)
    parts = []
    for number, width in enumerate((320, 640)):
        picture = cv2.resize(
            two, (width, round(two.shape[0] * width / two.shape[1]) // 2 * 2), interpolation=cv2.INTER_AREA
        )
        parts.append(make(tmp_path / f"{number}.ts", [picture] * 8, [(8 * number + n) / 25 for n in range(8)]))
    (tmp_path / "call.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    found: list[int] = []
    summary = EmotionPredictor(ROOT / "checkpoints" / "cbam").video(
        tmp_path / "call.ts", on_frame=lambda live, _: found.append(len(live.faces)) or True
    )
    assert (summary.frames, summary.tracks, summary.notes) == (16, 2, ())
    assert found[4:] == [2] * 12


def test_a_name_that_is_no_text_is_followed(tmp_path: Path) -> None:
    """OpenCV ended the process on such a path."""
    path = tmp_path / os.fsdecode("\u8138.mp4".encode("gbk"))
    grey_film(tmp_path / "a.mp4", frames=4).rename(path)
    summary = EmotionPredictor(ROOT / "checkpoints" / "cbam").video(path, table=tmp_path / "t.csv")
    assert (summary.source, summary.frames) == ("\\xc1\\xb3.mp4", 4)
    json.dumps(summary.as_dict()).encode("utf-8")


@pytest.mark.parametrize(("ending", "cut"), [(".mp4", False), (".webm", False), (".webm", True), (".avi", True)])
def test_damage_is_told(tmp_path: Path, ending: str, cut: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    whole = tmp_path / f"whole{ending}"
    with FilmWriter(whole, 320, 240, 10.0) as writer:
        for index in range(40):
            writer.write(np.roll(noise, index, axis=1).repeat(8, axis=0).repeat(8, axis=1), index / 10)
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    if cut:
        del data[middle:]
    else:
        data[middle : middle + len(data) // 10] = bytes(len(data) // 10)
    for name, content, damaged in ((f"whole{ending}", whole.read_bytes(), False), (f"part{ending}", data, True)):
        (tmp_path / name).write_bytes(content)
        with open_film(tmp_path / name) as film:
            count = sum(1 for _ in film.frames())
            assert film.damaged is damaged
        assert count == 40 or damaged
        assert count > 8


def test_a_playlist_is_no_film(tmp_path: Path) -> None:
    """It would have the server read other files, or ask other hosts."""
    grey_film(tmp_path / "secret.mp4")
    for name, text in (
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n"),
        ("concat.mp4", "ffconcat version 1.0\nfile secret.mp4\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(FilmError, match="cannot be opened as one"):
            open_film(tmp_path / name)


def test_a_name_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    grey_film(tmp_path / "a.mp4").rename(tmp_path / "concat:b|c.mp4")
    with open_film("concat:b|c.mp4") as film:
        assert len(list(film.frames())) == 20


def test_a_silent_stream_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_file, "TIMEOUT_SECONDS", 1)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        silent: list[socket.socket] = []
        thread = threading.Thread(target=lambda: silent.append(server.accept()[0]))
        thread.start()
        with pytest.raises(FilmError, match=r"'live\.ts' gave none within 1 seconds"):
            open_film(f"http://127.0.0.1:{server.getsockname()[1]}/live.ts")
        thread.join(5)
        for one in silent:
            one.close()


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "h264"), (".webm", "vp8")])
def test_what_is_written_plays_in_browsers(tmp_path: Path, ending: str, codec: str) -> None:
    path = tmp_path / f"out{ending}"
    with FilmWriter(path, 96, 64, 10.0) as writer:
        for index in range(5):
            writer.write(grey(index), index / 10)
    with av.open(str(path)) as film:
        (stream,) = film.streams.video
        assert stream.codec_context.name == codec
        assert stream.codec_context.pix_fmt == "yuv420p"
