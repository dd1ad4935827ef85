"""Each example is run as its first line says, and is short enough to be read at once."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.shell import pages
from engine.labels import EMOTIONS
from examples import add_a_page
from tests.dashboard.conftest import PATIENCE_SECONDS
from tests.made import ROOT, write_patterns

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PHOTO = ROOT / "dashboard" / "samples" / "astronaut.jpg"


def run(name: str, place: Path, *words: object) -> str:
    """Run an example in a folder of its own; return what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", f"examples.{name}", *map(str, words)],
        check=False,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def explained(folder: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(next(folder.rglob("*.json")).read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_under_forty_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 40


def test_a_model(tmp_path: Path) -> None:
    write_patterns(tmp_path / "set", train=6, test=2)
    run("add_a_model", tmp_path, tmp_path / "set", PHOTO, tmp_path / "out")
    card = json.loads((tmp_path / "out" / "gated" / "card.json").read_text(encoding="utf-8"))
    assert card["architecture"] == "gated"
    assert '"second"' in json.dumps(explained(tmp_path / "out" / "explained"))


def test_a_dataset(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "person", "emotion"))
        for number in range(28):
            Image.fromarray(draw.integers(0, 255, (48, 48), dtype=np.uint8)).save(tmp_path / f"pictures/{number}.png")
            table.writerow((f"{number}.png", f"p{number % 4}", EMOTIONS[number % 7]))
    said = run("add_a_dataset", tmp_path, tmp_path)
    assert "clinic" in said
    assert "n = 28" in said


def test_a_method(tmp_path: Path) -> None:
    run("add_a_method", tmp_path, PHOTO, tmp_path / "out")
    assert '"saliency"' in json.dumps(explained(tmp_path / "out"))


def test_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the list of the dashboard that is served, and at its own address."""
    monkeypatch.setattr(pages, "PAGES", pages.PAGES)
    add_a_page.add()
    app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=PATIENCE_SECONDS).run()
    assert not app.exception
    app.switch_page(add_a_page.OWN.file).run()
    assert not app.exception
    assert app.title[0].value == "Classes"
    assert any(one.value.startswith("happy: ") for one in app.markdown)
