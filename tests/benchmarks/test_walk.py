"""The walk of the outside users: it takes a few real pictures, gives real commands, and says where one stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.walk import USERS, Walk, main
from engine.errors import UsageError

pytestmark = pytest.mark.slow


def test_a_refusal_that_is_expected_is_no_stop(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "data" / "happy").mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "data" / "happy" / f"{number}.png")
    (tmp_path / "work").mkdir()
    walk = Walk(tmp_path / "work", tmp_path / "data", each=2)
    assert len(list(walk.data.rglob("*.png"))) == 2
    assert walk.picture().endswith("0.png")
    (walk.work / "model.onnx").write_bytes(b"\x00")
    words = ("import", "model.onnx", "--classes", "a,b", "--name", "no")
    walk.give("onnx", "refused", *words, expected=2)
    walk.give("onnx", "stopped", *words)
    assert [step["as_expected"] for step in walk.steps] == [True, False]
    assert "ONNX files are not read" in walk.steps[1]["said"]


def test_the_users_have_names_of_their_own() -> None:
    assert len({user.name for user in USERS}) == len(USERS)


def test_data_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Expected --data to be a folder"):
        main(["--data", str(tmp_path / "nothing")])
