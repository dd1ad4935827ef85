from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from engine.errors import CheckpointError, StorageError, UnknownNameError
from engine.labels import EMOTIONS
from engine.models import checkpoint
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import (
    file_sha256,
    find_checkpoint,
    half_weights,
    list_checkpoints,
    load_checkpoint,
    read_card,
    update_card,
    write_checkpoint,
)
from engine.models.registry import build_model

pytestmark = pytest.mark.usefixtures("narrow")

CARD: dict[str, Any] = {
    "architecture": "cbam",
    "config": {"reduction": 2},
    "classes": EMOTIONS,
    "input": DEFAULT_INPUT,
    "recipe": {"seed": 4},
    "data": {"dataset": "fer2013"},
    "metrics": {},
    "notes": ("a test",),
}


def made(name: str = "cbam", **config: Any) -> torch.nn.Module:
    torch.manual_seed(5)
    return build_model(name, classes=7, spec=DEFAULT_INPUT, config=config)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "mine", made(reduction=2), CARD)
    return tmp_path / "mine"


def edit_card(path: Path, **values: Any) -> None:
    document = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps({**document, **values}))


def rewrite_weights(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Replace the weights, and let the card vouch for them."""
    save_file(tensors, path / "weights.safetensors")
    edit_card(path, weights_sha256=file_sha256(path / "weights.safetensors"))


def test_round_trip(written: Path) -> None:
    loaded = load_checkpoint(written)
    assert not loaded.model.training
    card = loaded.card
    assert (card.name, card.architecture, card.classes, card.input) == ("mine", "cbam", EMOTIONS, DEFAULT_INPUT)
    assert card.parameters == sum(p.numel() for p in made(reduction=2).parameters())
    assert card.notes == ("a test",)
    assert card.versions["torch"] == torch.__version__.split("+")[0] or "torch" in card.versions
    assert read_card(written) == card
    for (name, value), own in zip(
        made(reduction=2).state_dict().items(), loaded.model.state_dict().values(), strict=True
    ):
        assert own.dtype == value.dtype, name
        torch.testing.assert_close(own, value, rtol=1e-3, atol=1e-6)


def test_kernels_are_stored_in_half_and_statistics_whole(written: Path) -> None:
    stored = load_file(written / "weights.safetensors")
    assert stored["block1.conv.weight"].dtype == torch.float16
    assert stored["block1.norm.running_var"].dtype == torch.float32
    assert stored["block1.norm.num_batches_tracked"].dtype == torch.int64
    model = load_checkpoint(written).model
    assert torch.equal(model.block1.conv.weight.detach(), stored["block1.conv.weight"].float())
    # What has been through fp16 once is not changed by going through it again.
    assert all(torch.equal(value, stored[key]) for key, value in half_weights(model).items())


def test_large_statistics_survive(tmp_path: Path) -> None:
    model = made(reduction=2)
    model.block1.norm.running_var.fill_(1e6)  # more than fp16's 65,504
    write_checkpoint(tmp_path / "large", model, CARD)
    assert float(load_checkpoint(tmp_path / "large").model.block1.norm.running_var[0]) == 1e6


def test_an_unknown_model_lists_the_valid_ones(written: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown model 'other'; valid: mine\."):
        load_checkpoint("other", folder=written.parent)
    with pytest.raises(UnknownNameError, match=r"valid: none\."):
        load_checkpoint("other", folder=written.parent / "nowhere")


def test_names_are_looked_up_where_the_variable_says(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(written.parent))
    assert find_checkpoint("mine") == written
    assert [card.name for card in list_checkpoints()] == ["mine"]


def test_a_path_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"'empty' is no checkpoint folder: it has no card\.json") as caught:
        load_checkpoint(tmp_path / "empty")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(CheckpointError, match=r"Checkpoint 'empty' has no card\.json"):
        load_checkpoint("empty", folder=tmp_path)


def test_missing_weights(written: Path) -> None:
    (written / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"'mine' has no weights\.safetensors; fetch"):
        load_checkpoint(written)


@pytest.mark.parametrize("where", [0, 100, -1])
def test_one_changed_byte_is_noticed(written: Path, where: int) -> None:
    data = bytearray((written / "weights.safetensors").read_bytes())
    data[where] ^= 1
    (written / "weights.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256 differs"):
        load_checkpoint(written)


def test_weights_that_are_no_safetensors(written: Path) -> None:
    (written / "weights.safetensors").write_bytes(b"\x80\x04pickled")
    edit_card(written, weights_sha256=file_sha256(written / "weights.safetensors"))
    with pytest.raises(CheckpointError, match="no safetensors file") as caught:
        load_checkpoint(written)
    assert str(written.parent) not in str(caught.value)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_weights(written: Path, bad: float) -> None:
    tensors = load_file(written / "weights.safetensors")
    tensors["block3.conv.weight"][0, 0, 0, 0] = bad
    rewrite_weights(written, tensors)
    with pytest.raises(CheckpointError, match=r"NaN or infinity in 'block3\.conv\.weight'"):
        load_checkpoint(written)


def test_card_and_weights_that_disagree(written: Path) -> None:
    rewrite_weights(written, half_weights(made("baseline")))
    with pytest.raises(CheckpointError, match="do not fit the 'cbam' that its card describes"):
        load_checkpoint(written)


def test_card_with_another_number_of_classes(written: Path) -> None:
    edit_card(written, classes=["a", "b", "c"])
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(written)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", "{}", '{"input": {}}', '{"input": 4, "classes": []}', "\x00\x01"],
)
def test_damaged_card(written: Path, text: str) -> None:
    (written / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match="card of 'mine' is damaged"):
        load_checkpoint(written)


def test_card_that_is_not_text(written: Path) -> None:
    (written / "card.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CheckpointError, match="card of 'mine' is damaged"):
        read_card(written)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("weights_sha256", "abc"),
        ("classes", ["happy", "happy"]),
        ("input", {"size": 4, "channels": 1, "mean": [0.5], "std": [0.2]}),
        ("input", {"size": 48, "channels": 1, "mean": [0.5], "std": [0.0]}),
        ("surprise", 1),
    ],
)
def test_card_with_an_impossible_entry(written: Path, entry: str, value: object) -> None:
    edit_card(written, **{entry: value})
    with pytest.raises(CheckpointError, match="damaged"):
        read_card(written)


def test_card_with_an_architecture_or_config_from_elsewhere(written: Path) -> None:
    original = (written / "card.json").read_text()
    edit_card(written, architecture="resnet")
    with pytest.raises(UnknownNameError, match="Unknown architecture 'resnet'"):
        load_checkpoint(written)
    (written / "card.json").write_text(original)
    edit_card(written, config={"kernel": 4})
    with pytest.raises(CheckpointError, match="config of 'cbam'"):
        load_checkpoint(written)


def test_an_existing_checkpoint_is_not_overwritten(written: Path) -> None:
    before = (written / "weights.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="'mine' exists already; choose another --out"):
        write_checkpoint(written, made("baseline"), {**CARD, "architecture": "baseline", "config": {}})
    assert (written / "weights.safetensors").read_bytes() == before
    card = write_checkpoint(
        written, made("baseline"), {**CARD, "architecture": "baseline", "config": {}}, overwrite=True
    )
    assert load_checkpoint(written).card == card


def test_one_that_appears_while_writing_is_not_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "raced"

    def other_process_was_quicker(tensors: dict[str, torch.Tensor]) -> bytes:
        out.mkdir()
        (out / "card.json").write_text("theirs")
        return save(tensors)

    monkeypatch.setattr(checkpoint, "save", other_process_was_quicker)
    with pytest.raises(CheckpointError, match="exists already"):
        write_checkpoint(out, made(reduction=2), CARD)
    assert (out / "card.json").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["raced"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_failing_midway_leaves_what_was_there(
    tmp_path: Path, written: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    def half_written(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half_written)
    target = written if overwrite else tmp_path / "new"
    with pytest.raises(StorageError, match="No space left"):
        write_checkpoint(target, made(reduction=2), CARD, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    load_checkpoint(written)


def test_a_card_that_cannot_be_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two or more distinct classes"):
        write_checkpoint(tmp_path / "new", made(reduction=2), {**CARD, "classes": ("happy",)})
    assert list(tmp_path.iterdir()) == []


def test_history_is_kept_beside_the_weights(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch\n1\n")
    write_checkpoint(tmp_path / "new", made(reduction=2), CARD, history=tmp_path / "history.csv")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["card.json", "history.csv", "weights.safetensors"]
    assert (tmp_path / "new" / "history.csv").read_text() == "epoch\n1\n"


def test_update_card_replaces_the_figures_alone(written: Path) -> None:
    card = read_card(written)
    found = {"fer2013/private/single": {"accuracy": 0.5, "interval": [0.4, 0.6], "macro_f1": 0.5, "n": 9}}
    update_card(written, replace(card, metrics=found))
    assert load_checkpoint(written).card.metrics == found
    assert sorted(path.name for path in written.iterdir()) == ["card.json", "weights.safetensors"]


def test_a_renamed_folder_is_the_model_of_its_new_name(written: Path) -> None:
    shutil.move(written, written.parent / "other")
    assert load_checkpoint(written.parent / "other").card.name == "other"


def test_many_weights_are_stored_with_the_precision_they_were_trained_in(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made()
    few = half_weights(model)
    monkeypatch.setattr(checkpoint, "MANY_WEIGHTS", 1000)
    many = half_weights(model)
    kernel, original = "block2.conv.weight", model.state_dict()["block2.conv.weight"]
    assert few[kernel].dtype == many[kernel].dtype == torch.float16
    assert torch.equal(many[kernel], original.bfloat16().half())
    assert not torch.equal(few[kernel], many[kernel])
    assert torch.allclose(many[kernel].float(), original, rtol=2**-8, atol=1e-7)
    statistics = "block2.norm.running_var"
    assert torch.equal(many[statistics], model.state_dict()[statistics])
