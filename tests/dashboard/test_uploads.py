"""Uploads: kept for a while, bounded, and gone whatever becomes of the server."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from dashboard.doors.own_folder import LOCK
from dashboard.live.uploads import KEPT_SECONDS, MOST_FILES, Upload, Uploads
from engine.errors import PictureError, UsageError
from tests.dashboard.made import SAMPLES
from tests.dashboard.made_live import Clock
from tests.dashboard.made_server import Server, serving

pytestmark = pytest.mark.slow

MEGABYTE = 2**20
SECONDS = 60


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != LOCK]


def place(uploads: Uploads, token: str) -> Path:
    path = uploads.place(token)
    assert path is not None
    return path


def test_a_file_is_kept_for_two_minutes(tmp_path: Path) -> None:
    clock = Clock()
    uploads = Uploads(tmp_path, MEGABYTE, clock=clock)
    assert list(tmp_path.iterdir()) == []  # no folder before there is a file
    first = uploads.keep(b"one")
    clock.now += KEPT_SECONDS
    second = uploads.keep(b"two")
    uploads.sweep()
    path = place(uploads, first)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    upload = uploads.upload(path, "me.jpg")
    clock.now += 1
    uploads.sweep()
    assert uploads.place(first) is None
    assert files_in(tmp_path) == [place(uploads, second)]
    with pytest.raises(PictureError, match=r"'me\.jpg' is no longer there"):
        upload.read(largest_bytes=9)
    uploads.close()
    assert list(tmp_path.iterdir()) == []


def test_only_what_was_kept_and_still_is_a_file_is_held(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, MEGABYTE)
    token = uploads.keep(b"one")
    path = place(uploads, token)
    beside = path.with_name("upload-" + "a" * 32)
    beside.write_bytes(b"not by the upload route")
    forms = (beside.name, str(path), f"../{path.parent.name}/{token}", f"{token}/", f"{token}\0", "", None, 7, [token])
    for name in forms:
        assert uploads.place(name) is None, name
    for wrong in (beside, path.parent, path.parent / "." / ".." / path.parent.name / token, Path(token), Path()):
        assert not uploads.holds(wrong) or wrong == path
    with pytest.raises(PictureError, match="is none that this server holds"):
        uploads.upload(beside, "me.jpg")
    path.unlink()
    path.symlink_to(beside)
    assert uploads.place(token) is None
    with pytest.raises(PictureError, match="no longer there"):
        Upload(path, "me.jpg").read(largest_bytes=100)  # a link, opened as none


def test_there_is_room_for_so_many_bytes_and_files(tmp_path: Path) -> None:
    clock = Clock()
    uploads = Uploads(tmp_path, 100, clock=clock)
    with uploads.room(60):
        uploads.keep(b"x" * 40)
        with pytest.raises(UsageError, match="holds as many as it may"), uploads.room(1):
            pass
    with uploads.room(60):
        pass
    clock.now += KEPT_SECONDS + 1
    with uploads.room(100):  # what is old is swept first
        pass
    many = Uploads(tmp_path, MEGABYTE)
    for _ in range(MOST_FILES):
        many.keep(b"")
    with pytest.raises(UsageError, match="holds as many as it may"), many.room(0):
        pass


def test_parallel_use_leaves_nothing(tmp_path: Path) -> None:
    clock = Clock()
    uploads = Uploads(tmp_path, 1_000 * MEGABYTE, clock=clock)

    def use(number: int) -> None:
        token = uploads.keep(bytes(number))
        clock.now += 1  # so that sweeps find something while others come
        uploads.sweep()
        uploads.place(token)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(500)))
    assert len(files_in(tmp_path)) == len(uploads)
    clock.now += KEPT_SECONDS + 1
    uploads.sweep()
    assert files_in(tmp_path) == []


def upload(server: Server) -> httpx.Response:
    picture = {"files": ("photo.jpg", (SAMPLES / "two-faces.jpg").read_bytes())}
    return httpx.post(f"{server.live}/gradio_api/upload", files=picture, timeout=SECONDS)


@pytest.mark.parametrize("way", ["serve", "webcam"])
def test_a_killed_servers_uploads_go_when_the_next_one_starts(
    way: str, seeded_checkpoints: Path, tmp_path: Path
) -> None:
    limits = {"FERLENS_LIVE_UPLOADS_PER_MINUTE": "3", "FERLENS_LIVE_FOLDER_MEGABYTES": "1"}
    with serving(way, seeded_checkpoints, tmp_path, **limits) as server:
        (whole,) = {len((SAMPLES / "two-faces.jpg").read_bytes())}
        assert whole < MEGABYTE
        assert upload(server).status_code == 200
        large = httpx.post(
            f"{server.live}/gradio_api/upload", files={"files": ("x.png", b"x" * MEGABYTE)}, timeout=SECONDS
        )
        assert (large.status_code, large.headers["retry-after"]) == (503, "120")
        assert large.json()["detail"].startswith("Expected room for another picture")
        assert upload(server).status_code == 200
        refused = upload(server)
        assert refused.status_code == 429
        assert refused.json()["detail"].startswith("Expected at most 3 uploads a minute, got more; try again in ")
        assert len(files_in(tmp_path)) == 2
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    assert len(files_in(tmp_path)) == 2
    with serving(way, seeded_checkpoints, tmp_path) as server:
        assert files_in(tmp_path) == []
        assert upload(server).status_code == 200
        assert len(files_in(tmp_path)) == 1
        body = {"data": [{"path": upload(server).json()[0], "meta": {"_type": "gradio.FileData"}}, "", "", "", 0, True]}
        for _ in range(8):
            httpx.post(f"{server.live}/gradio_api/call/explain", json=body, timeout=SECONDS).raise_for_status()
        server.process.send_signal(signal.SIGTERM)  # with work running
        assert server.process.wait(timeout=SECONDS) == 0
        assert server.process.stderr is not None
        assert "Traceback" not in server.process.stderr.read()
    assert files_in(tmp_path) == []
    assert list(tmp_path.rglob("ferlens*")) == []
