from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from engine.labels import EMOTIONS
from tests.made import ROOT

pytestmark = pytest.mark.usefixtures("checkpoints")


def predict(*words: object) -> int:
    return main(["predict", *map(str, words)])


def test_the_document_keeps_the_order_given(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [album / "two.png", album / "broken.png", album / "missing.png", album / "one.png"]
    assert predict(*words, "--model", "cbam", "--whole", "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["model"] == "cbam"
    assert [row["source"] for row in document["results"]] == ["two.png", "broken.png", "missing.png", "one.png"]
    two, broken, missing, one = document["results"]
    for row in (two, one):
        assert row["error"] is None
        (face,) = row["faces"]
        assert face["box"] is None
        assert list(face["probabilities"]) == list(EMOTIONS)
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert face["probabilities"][face["label"]] == face["confidence"] == max(face["probabilities"].values())
    for row in (broken, missing):
        assert row["faces"] == []
        assert row["source"] in row["error"]
    assert str(album.parent) not in printed.out + printed.err


def test_a_folder_is_its_pictures_sorted(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(album, "--whole", "--json") == 0
    sources = [row["source"] for row in json.loads(capsys.readouterr().out)["results"]]
    assert sources == ["album/broken.png", "album/one.png", "album/two.png"]


def test_a_sentence_a_picture(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(album / "one.png", album / "broken.png") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("one.png: no face found; of the whole picture: ")
    assert second.startswith("broken.png: ")


def test_a_picture_that_is_taken_whole_is_not_said_to_lack_a_face(
    album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(album / "one.png", "--whole") == 0
    assert "no face" not in capsys.readouterr().out


def test_a_face_can_be_required(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(ROOT / "dashboard" / "samples" / "astronaut.jpg", album)
    assert predict(album / "one.png", album / "astronaut.jpg", "--require-face", "--json") == 0
    scene, face = json.loads(capsys.readouterr().out)["results"]
    assert scene["faces"] == []
    assert scene["error"].startswith("No face was found in 'one.png', and one is required; ")
    assert face["faces"][0]["box"] is not None
    assert predict(album / "one.png", "--require-face") == 1
    capsys.readouterr()
    assert predict(album / "one.png", "--require-face", "--whole") == 2
    assert "Expected --whole or --require-face, got both; leave one away." in capsys.readouterr().err


def test_nothing_readable_is_status_1(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(album / "broken.png", "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["results"]) == 1
    (tmp_path / "empty").mkdir()
    assert predict(tmp_path / "empty", "--json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["results"] == []
    assert "no picture" in printed.err


def test_output_is_the_same_document(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(album / "one.png", "--whole", "--json", "--output", tmp_path / "answer.json") == 0
    assert json.loads((tmp_path / "answer.json").read_text()) == json.loads(capsys.readouterr().out)
    assert predict(album / "one.png", "--output", tmp_path / "no" / "answer.json") == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: 'answer.json' cannot be written")
    assert str(tmp_path) not in printed


def test_the_document_is_laid_out_as_all_are(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for words in ([album], [tmp_path / "empty"]):
        predict(*words, "--json", "--output", tmp_path / "answer.json")
        printed = capsys.readouterr().out
        assert printed == json.dumps(json.loads(printed), indent=1, ensure_ascii=False) + "\n"
        assert printed == (tmp_path / "answer.json").read_text()


def test_a_line_a_picture_on_request(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(album, "--whole", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert predict(album, "--whole", "--json-lines") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"model": document["model"], **row} for row in document["results"]]
    assert predict(album, "--json", "--json-lines") == 2
    assert "Expected --json or --json-lines, got both" in capsys.readouterr().err


def test_what_ends_early_leaves_the_file_of_before(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answer.json").write_text("before", encoding="utf-8")

    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.cli.predict._as_dict", stops)
    assert predict(album, "--output", tmp_path / "answer.json") != 0
    assert (tmp_path / "answer.json").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["album", "answer.json"]
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--model", "vgg"], 2, "error: Unknown model 'vgg'; valid: baseline, cbam.\n"),
        (["--device", "abacus"], 2, "error: Device 'abacus' is not on this machine"),
    ],
)
def test_wrong_use(album: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str) -> None:
    assert predict(album / "one.png", "--json", *words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1


def test_what_is_left_out_of_a_folder_is_listed(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (album / "notes.txt").write_text("nothing to see")
    (album / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    predict(album)
    said = capsys.readouterr()
    assert f"Left out, no pictures (1): {album.name}/notes.txt." in said.err.replace("\n", " ")
    assert "photo.heic' is cut short or damaged" in said.out


def test_what_was_done_to_a_picture_is_said(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.fromarray(np.full((64, 64), shade, np.uint8)) for shade in (0, 3)]
    bright = Image.fromarray(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1)))
    frames[0].save(album / "fade.gif", save_all=True, append_images=[*frames[1:], bright])
    assert predict(album / "fade.gif", "--json") == 0
    printed = capsys.readouterr()
    sentence = "Animated picture: frame 3 is used, the first that shows something."
    assert json.loads(printed.out)["results"][0]["notes"] == [sentence]
    assert f"fade.gif: {sentence}" in printed.err.replace("\n", " ")


def test_a_name_that_is_no_text_is_printed_and_opened(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode("\u8138.png".encode("gbk"))  # out of an old archive
    (album / "one.png").rename(album / name)
    assert predict(album, "--json") == 0
    printed = capsys.readouterr().out
    printed.encode("utf-8")
    sources = [row["source"] for row in json.loads(printed)["results"]]
    assert f"{album.name}/\\xc1\\xb3.png" in sources
    assert predict(album / name) == 0
    assert predict(album / os.fsdecode(b"\xff.png")) == 1
    (album / name).rename(album / "two\n\x1b[31mlines.png")
    capsys.readouterr()
    assert predict(album / "two\n\x1b[31mlines.png") == 0
    assert capsys.readouterr().out.startswith("two\\n\\x1b[31mlines.png: ")
