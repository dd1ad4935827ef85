"""The wheel: built from what is committed, installed where only the libraries are, and used outside the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.made import ROOT

pytestmark = pytest.mark.slow

MOST_BYTES = 40_000_000


def run(*words: str | Path, place: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tracked files, so that a build leaves nothing in the checkout."""
    place = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith(("tests/", "docs/")) or not (ROOT / name).is_file():
            continue
        (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place / "source" / name)
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        place,
        place / "source",
        place=place,
    )
    (built,) = place.glob("ferlens-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of an environment that has the wheel, and sees this one's libraries."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "env", with_pip=False)
    (site,) = (place / "env").glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    target = ["--prefix", str(place / "env"), "--no-deps", "--quiet", "--ignore-installed"]
    run(place / "env" / "bin" / "python", "-m", "pip", "install", *target, wheel, place=place)
    return place / "env" / "bin"


def test_the_wheel_holds_the_programs_their_resources_and_three_models(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.stat().st_size < MOST_BYTES
    assert names >= {
        "engine/training/recipes/cbam.toml",
        "engine/py.typed",
        "ferlens/py.typed",
        "ferlens/checkpoints/cbam/weights.safetensors",
        "ferlens/checkpoints/synthetic-cbam/card.json",
        "ferlens/checkpoints/synthetic-baseline/card.json",
        "dashboard/.streamlit/config.toml",
        "dashboard/samples/astronaut.jpg",
        "dashboard/views/explain/style.css",
        "dashboard/live/camera.js",
    }
    assert not [name for name in names if name.startswith(("tests/", "checkpoints/", "benchmarks/"))]


def test_the_installed_command_predicts_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "dashboard" / "samples" / "astronaut.jpg", tmp_path / "photo.jpg")
    alone = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "FERLENS_CHECKPOINTS": ""}
    found = json.loads(run(installed / "ferlens", "predict", "photo.jpg", "--json", place=tmp_path, **alone))
    assert "astronaut" not in json.dumps(found)
    assert "happy" in json.dumps(found)
    models = json.loads(run(installed / "ferlens", "models", "--json", place=tmp_path, **alone))["models"]
    trained = [row["name"] for row in models if row["metrics"]]
    assert trained == ["cbam", "synthetic-baseline", "synthetic-cbam"]
    health = json.loads(run(installed / "ferlens", "doctor", "--json", place=tmp_path, **alone))
    assert health["FERLens"].endswith(", installed")
    assert health["new models go to"].startswith("~")


def test_the_public_names_are_there(installed: Path, tmp_path: Path) -> None:
    code = (
        "import ferlens, sys; assert 'torch' not in sys.modules; "
        "print(*(getattr(ferlens, name).__name__ for name in ferlens.__all__ if name != '__version__'))"
    )
    found = run(installed / "python", "-c", code, place=tmp_path).split()
    assert {"EmotionPredictor", "load_dataset", "read_card"} <= set(found)
