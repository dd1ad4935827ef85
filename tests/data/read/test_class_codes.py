from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.data import load_dataset
from engine.data.read.class_codes import CODES_VARIABLE, choosing_codes, codes_of, find_codes, meaning
from engine.errors import UnknownNameError, UsageError
from engine.labels import AFFECTNET_CODES, RAFDB_CODES, VOCABULARY


def test_tables_and_own_codes() -> None:
    assert find_codes("rafdb", ()) == RAFDB_CODES
    by_name = find_codes("alphabetical", VOCABULARY)
    assert [by_name[str(code)] for code in range(8)] == [
        "angry", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise"
    ]  # fmt: skip
    assert find_codes("01=Happiness, 2 = sad", ()) == {"1": "happy", "2": "sad"}
    with pytest.raises(UnknownNameError, match="'yolo'; valid: affectnet, rafdb, fer2013, alphabetical"):
        find_codes("yolo", ())
    for text in ("0=glad", "x=happy", "1=happy,,"):
        with pytest.raises(UsageError, match="Expected class codes like"):
            find_codes(text, ())


def test_a_number_with_zeros_in_front_is_the_number() -> None:
    assert [meaning(word, RAFDB_CODES) for word in ("4", "004", "happy", "4x", "9")] == [
        "happy",
        "happy",
        "happy",
        "4x",
        "9",
    ]


def test_what_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("affectnet", VOCABULARY, AFFECTNET_CODES)
    assert codes_of(*asked) == AFFECTNET_CODES
    monkeypatch.setenv(CODES_VARIABLE, "rafdb:0=sad;affectnet:alphabetical")
    assert codes_of(*asked)["0"] == "angry"
    assert codes_of("rafdb", (), RAFDB_CODES) == {"0": "sad"}
    assert codes_of("fer2013", (), {}) == {}
    with choosing_codes("0=fear"):
        assert codes_of(*asked) == {"0": "fear"}
    assert codes_of(*asked)["0"] == "angry"
    with pytest.raises(UnknownNameError), choosing_codes("affectnet:nothing"):
        pass


def test_affectnet_in_both_numberings(
    png: Callable, write_folder: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(3)
    files = {
        f"test/{code}/{n}.png": png(rng.integers(0, 256, (20, 20), np.uint8)) for code in range(8) for n in range(2)
    }
    place = write_folder(files)

    def labelled(codes: str | None) -> dict[str, str]:
        test = load_dataset("affectnet", "test", data=place, codes=codes)
        return {one.id.split("/")[1]: test.classes[one.label] for one in test}

    assert labelled(None)["0"] == "neutral"
    assert "affectnet: its class numbers are read as 0 neutral, 1 happy, 2 sad, " in caplog.messages[-1]
    assert labelled("alphabetical") == {
        "0": "angry", "1": "contempt", "2": "disgust", "3": "fear", "4": "happy", "5": "neutral", "6": "sad",
        "7": "surprise",
    }  # fmt: skip
    assert "read as 0 angry, 1 contempt, " in caplog.messages[-1]
    assert len(caplog.messages) == 2
    named = load_dataset("folder", "test", data=place, codes="affectnet", drop_unknown=True)
    assert named.class_counts()["happy"] == 2
    assert named.codes.startswith("0 neutral, 1 happy")
