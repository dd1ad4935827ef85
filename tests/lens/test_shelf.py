"""The shelf: networks added from files that anyone may hand over, renamed, replaced, removed, checked."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from engine.errors import CheckpointError, FerLensError, UnknownNameError, UsageError
from engine.lens import shelf
from engine.lens.dropped import NamedFile
from engine.lens.shelf import (
    NewNetwork,
    add,
    analyses_of,
    check_on,
    class_names,
    is_taken,
    may_change,
    remove,
    rename,
)
from engine.models.checkpoint import checkpoint_names, load_checkpoint, read_card
from tests.dashboard.made import write_seeded
from tests.made_adopted import write_adopted, write_code, write_live

pytestmark = pytest.mark.slow

LIBRARY = NewNetwork("mine", "timm:resnet10t", ("a", "b", "c"), "32x32x1", ".5", ".25", "stretch", "pictures", "eca")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf with a network of others and a trained model."""
    folder = tmp_path / "shelf"
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(folder))
    write_adopted(folder / "theirs")
    write_seeded(folder, "baseline")
    return folder


@pytest.fixture(scope="module")
def weights() -> NamedFile:
    torch.manual_seed(0)
    net = timm.create_model("resnet10t", block_args={"attn_layer": "eca"}, num_classes=3, in_chans=1)
    data = io.BytesIO()
    torch.save({"state_dict": {f"module.{key}": value for key, value in net.state_dict().items()}}, data)
    return NamedFile("folder/best.pth", data.getvalue())


def pictures(names: str = "abc", name: str = "my faces.zip") -> NamedFile:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for word in names:
            for number in range(3):
                picture = io.BytesIO()
                pixels = np.random.default_rng([ord(word), number]).integers(0, 255, (32, 48), dtype=np.uint8)
                Image.fromarray(pixels).save(picture, "PNG")
                archive.writestr(f"{word}/{number}.png", picture.getvalue())
    return NamedFile(name, data.getvalue())


def exported(folder: Path) -> list[NamedFile]:
    return [NamedFile(one.name, one.read_bytes()) for one in sorted(folder.iterdir()) if one.is_file()]


def zipped(files: list[NamedFile]) -> NamedFile:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in files:
            archive.writestr(f"theirs/{file.name}", file.data)
    return NamedFile("theirs.zip", data.getvalue())


def test_weights_of_a_library_are_added_and_checked(place: Path, weights: NamedFile) -> None:
    done = add([weights], LIBRARY, pictures=pictures())
    assert (done.problem, done.left_out) == ("", ())
    assert done.report is not None
    card = read_card(place / "mine")
    assert card == done.card
    assert [gate["kind"] for gate in card.config["gates"]] == ["channel"] * 4
    assert (card.origin["source"], card.origin["file"]) == ("timm:resnet10t", "best.pth")
    assert card.metrics["folder/my-faces/single"]["n"] == 9
    assert (card.input.height, card.input.channels, card.input.std, card.domain) == (32, 1, (0.25,), "pictures")
    assert may_change(card)


def test_an_exported_network_is_added_as_it_is(place: Path) -> None:
    files = exported(place / "theirs")
    done = add([*files, NamedFile("history.csv", b"")], NewNetwork("copy"))
    assert done.left_out == ("history.csv",)
    assert done.card.weights_sha256 == read_card(place / "theirs").weights_sha256
    assert {one.name for one in (place / "copy").iterdir()} == {"card.json", "graph.json", "weights.safetensors"}
    add([zipped(files)], NewNetwork("again"))
    x = torch.rand(2, 1, 32, 48)
    torch.testing.assert_close(load_checkpoint("again").model(x), load_checkpoint("theirs").model(x))


def test_no_code_comes_in_through_a_page(place: Path, tmp_path: Path) -> None:
    code = write_code(tmp_path / "theirs")
    write_live(tmp_path / "live", code)
    graph = NamedFile("graph.json", (place / "theirs" / "graph.json").read_bytes())
    with pytest.raises(UsageError, match="no code comes in through a page"):
        add([*exported(tmp_path / "live"), graph], NewNetwork("mine"))
    assert not (code / "ran").exists()
    assert not (place / "mine").exists()


def _changed(files: list[NamedFile], name: str, change: Callable[[bytes], bytes]) -> list[NamedFile]:
    return [NamedFile(one.name, change(one.data)) if one.name == name else one for one in files]


def _pickled() -> bytes:
    data = io.BytesIO()
    torch.save(torch.nn.Linear(2, 2), data)
    return data.getvalue()


BAD: dict[str, tuple[Callable[[list[NamedFile]], list[NamedFile]], str]] = {
    "nothing": (lambda _: [], "drop them first"),
    "a picture": (lambda _: [NamedFile("a.png", b"x")], "Expected one file of weights"),
    "code": (lambda _: [NamedFile("net.py", b"print(1)")], "Expected one file of weights"),
    "two files of weights": (lambda _: [NamedFile("a.pth", b"x"), NamedFile("b.pth", b"x")], "Expected one file"),
    "a graph without its card": (lambda files: [one for one in files if one.name != "card.json"], "card.json is not"),
    "a damaged card": (lambda files: _changed(files, "card.json", lambda _: b"{"), "The card of 'new' is damaged"),
    "another graph": (lambda files: _changed(files, "graph.json", lambda data: data + b" "), "of 'new' is not the one"),
    "other weights": (
        lambda files: _changed(files, "weights.safetensors", lambda data: data + b" "),
        "The weights of 'new' are not the ones",
    ),
    "a card twice": (lambda files: [*files, files[0]], "twice"),
    "a zip that is none": (lambda _: [NamedFile("a.zip", b"PK")], "to be a whole zip"),
    "a zip of two networks": (lambda files: [zipped([*files, *files])], "several networks"),
    "a card of our own": (
        lambda files: _changed(
            files, "card.json", lambda data: json.dumps({**json.loads(data), "architecture": "cbam"}).encode()
        ),
        "Expected the card of an exported network of others",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_one_sentence_and_nothing_is_left(place: Path, what: str) -> None:
    change, said = BAD[what]
    before = sorted(place.rglob("*"))
    with pytest.raises(FerLensError, match=said) as caught:
        add(change(exported(place / "theirs")), NewNetwork("new", "torchvision:resnet18", ("a", "b"), "32", "0", "1"))
    assert "\n" not in str(caught.value)
    assert str(place) not in str(caught.value)
    assert sorted(place.rglob("*")) == before


def test_a_pickled_network_is_refused_and_never_run(place: Path) -> None:
    with pytest.raises(FerLensError, match=r"'net.pth' holds more than weights") as caught:
        add([NamedFile("net.pth", _pickled())], LIBRARY)
    assert "dropped" not in str(caught.value)
    assert checkpoint_names() == ("baseline", "theirs")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("net.py:Net", "Expected a network of timm or torchvision, got 'net.py'"),
        ("os:system", "Expected a network of timm or torchvision"),
        ("timm:hf-hub:someone/net", "none of the .* networks of the installed timm"),
        ("timm:resnet10", "near it: .*resnet10t"),
        ("torchvision:fasterrcnn_resnet50_fpn", "none of the .* networks of the installed torchvision"),
    ],
)
def test_only_names_that_a_library_lists_are_built(
    place: Path, weights: NamedFile, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    monkeypatch.setattr(shelf, "carry_out_apart", lambda *_, **__: pytest.fail("a process was started"))
    with pytest.raises(UsageError, match=said):
        add([weights], NewNetwork("new", source, ("a", "b", "c"), "32x32x1", ".5", ".5"))
    with pytest.raises(UnknownNameError):
        add([weights], NewNetwork("new", "timm:resnet10t", ("a", "b", "c"), attention="__import__"))


@pytest.mark.parametrize("name", ["", " ", ".", "..", ".x", "a/b", "../x", "a\\b", "/there/x", "a\nb", "x" * 101])
def test_names_that_no_folder_gets(place: Path, name: str) -> None:
    with pytest.raises(UsageError, match="Expected a name"):
        add(exported(place / "theirs"), NewNetwork(name))
    with pytest.raises(UsageError, match="Expected a name"):
        rename("theirs", name)
    assert sorted(one.name for one in place.iterdir()) == ["baseline", "theirs"]


def test_a_network_is_replaced_only_where_that_is_said_and_never_a_trained_one(place: Path) -> None:
    files = exported(place / "theirs")
    (place / "theirs" / "analysis" / "folder-test").mkdir(parents=True)
    (place / "theirs" / "analysis" / "folder-test" / "report.json").write_text("{}")
    assert analyses_of("theirs") == 1
    with pytest.raises(CheckpointError, match="There is a network 'theirs' already"):
        add(files, NewNetwork("theirs"))
    assert analyses_of("theirs") == 1
    add(files, NewNetwork("theirs"), overwrite=True)
    assert analyses_of("theirs") == 0
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="'baseline' is taken by a model that was trained here"):
            add(files, NewNetwork("baseline"), overwrite=overwrite)
    assert not read_card(place / "baseline").is_adopted


def test_one_that_cannot_be_replaced_stays(place: Path) -> None:
    files = exported(place / "theirs")
    digest = read_card(place / "theirs").weights_sha256
    with pytest.raises(FerLensError):
        add(_changed(files, "graph.json", lambda data: data + b" "), NewNetwork("theirs"), overwrite=True)
    assert read_card(place / "theirs").weights_sha256 == digest
    assert sorted(one.name for one in place.iterdir()) == ["baseline", "theirs"]


def test_renaming_takes_analyses_along_and_takes_no_ones_name(place: Path) -> None:
    (place / "theirs" / "analysis" / "folder-test").mkdir(parents=True)
    (place / "theirs" / "analysis" / "folder-test" / "report.json").write_text("{}")
    assert rename("theirs", " ours ").name == "ours"
    assert (checkpoint_names(), analyses_of("ours")) == (("baseline", "ours"), 1)
    load_checkpoint("ours")
    with pytest.raises(CheckpointError, match="'baseline' is taken"):
        rename("ours", "baseline")
    with pytest.raises(UsageError, match="'baseline' was trained here"):
        rename("baseline", "x")
    assert not is_taken("x")


def test_only_what_was_added_is_removed(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("baseline", "../shelf/theirs", "nobody"):
        with pytest.raises((UsageError, UnknownNameError)):
            remove(name)
    came_along = tmp_path / "package"
    shutil.copytree(place / "theirs", came_along / "shipped")
    (place / "linked").symlink_to(came_along / "shipped")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", f"{place}:{came_along}")
    for name in ("shipped", "linked"):
        assert not may_change(read_card(came_along / "shipped"))
        with pytest.raises(UsageError, match="was trained here or came with FERLens"):
            remove(name)
    (place / "linked").unlink()
    remove("theirs")
    assert (came_along / "shipped" / "graph.json").is_file()
    assert [one.name for one in place.iterdir()] == ["baseline"]


def test_a_check_that_fails_leaves_the_network_there_and_is_said(place: Path) -> None:
    files = exported(place / "theirs")
    done = add(files, NewNetwork("new"), pictures=pictures("abx"))
    assert "'x' in 'my-faces' is none of the model's classes" in done.problem
    assert (done.report, read_card(place / "new").metrics) == (None, {})
    for wrong, said in ((NamedFile("a.png", b"x"), "Expected an archive"), (NamedFile("a.zip", b"x"), "'a.zip' to be")):
        with pytest.raises(FerLensError, match=said):
            check_on("new", wrong)
    assert check_on("new", pictures()).report.n == 9
    assert set(read_card(place / "new").metrics) == {"folder/my-faces/single"}


def test_class_names_in_words() -> None:
    assert class_names(" happy,sad \n angry,") == ("happy", "sad", "angry")
    for words in ("", "a", "a,a"):
        with pytest.raises(UsageError, match="two or more distinct"):
            class_names(words)
