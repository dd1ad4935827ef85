"""Small made-up datasets: random pictures in the layouts that people have."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FILES = dict[str, bytes]


def _png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def png() -> Callable[[np.ndarray], bytes]:
    return _png


@pytest.fixture
def fer_files() -> FILES:
    """Seven classes of 12 train, 2 public and 2 private pictures of 48x48; two train pictures have copies elsewhere.

    ``train/happy/Training_0`` is ``test/happy/PrivateTest_0`` too, ``train/sad/Training_0`` is ``Training_1`` too.
    """
    rng = np.random.default_rng(7)
    files: FILES = {}
    for word in ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"):
        for part, prefix, count in (
            ("train", "Training", 12),
            ("test", "PublicTest", 2),
            ("test", "PrivateTest", 2),
        ):
            for number in range(count):
                files[f"{part}/{word}/{prefix}_{number}.png"] = _png(rng.integers(0, 256, (48, 48), dtype=np.uint8))
    files["test/happy/PrivateTest_0.png"] = files["train/happy/Training_0.png"]
    files["train/sad/Training_1.png"] = files["train/sad/Training_0.png"]
    return files


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    def write(files: FILES, name: str = "set") -> Path:
        for path, data in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return tmp_path / name

    return write


@pytest.fixture
def write_archive(tmp_path: Path) -> Callable[..., Path]:
    def write(files: FILES, name: str) -> Path:
        path = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                for member, data in files.items():
                    archive.writestr(member, data)
            return path
        mode = {".gz": "w:gz", ".xz": "w:xz"}.get(path.suffix, "w")
        with tarfile.open(path, mode) as tar:
            for member, data in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return path

    return write


@pytest.fixture(scope="session")
def fer2013() -> Path:
    """The real FER2013, which is never in the repository."""
    place = os.environ.get("FERLENS_FER2013")
    if not place:
        pytest.skip("FERLENS_FER2013 names no data")
    return Path(place)
