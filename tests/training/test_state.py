from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from engine.errors import CheckpointError
from engine.training.recipe import Recipe
from engine.training.state import Progress, load_state, save_state


def stepped(kind: type[torch.optim.Optimizer], seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimiser = kind(model.parameters(), lr=0.1, **({"momentum": 0.9} if kind is torch.optim.SGD else {}))
    for _ in range(2):
        optimiser.zero_grad()
        model(torch.randn(5, 3)).square().sum().backward()
        optimiser.step()
    return model, optimiser


def progress(**values: object) -> Progress:
    return Progress(recipe={"a": (1, 2)}, seed=3, data=["t", "v"], **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_round_trip_restores_model_ema_optimiser_and_progress(
    tmp_path: Path, kind: type[torch.optim.Optimizer]
) -> None:
    model, optimiser = stepped(kind, 0)
    ema = {key: value + 1 for key, value in model.state_dict().items()}
    said = progress(epoch=2, step=5, loss_sum=1.5, seen=40, best_epoch=1, best_accuracy=0.25, best_kind="ema")
    said.history.append({"epoch": 1, "val_accuracy": 0.25, "val_accuracy_ema": float("nan")})
    save_state(tmp_path / "state.safetensors", said, model, ema, optimiser)

    other, other_optimiser = stepped(kind, 1)
    other_ema = {key: value.clone() for key, value in other.state_dict().items()}
    found = load_state(tmp_path / "state.safetensors", progress(), other, other_ema, other_optimiser)
    assert repr(asdict(found) | {"recipe": None}) == repr(asdict(said) | {"recipe": None})  # nan is not equal to itself
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in model.state_dict().items())
    assert all(torch.equal(value, other_ema[key]) for key, value in ema.items())
    ours, theirs = optimiser.state_dict(), other_optimiser.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"].keys() == theirs["state"].keys() != set()
    for index, entries in ours["state"].items():
        for key, value in entries.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(theirs["state"][index][key])), key
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_kill_while_writing_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimiser = stepped(torch.optim.SGD, 0)
    path = tmp_path / "state.safetensors"
    save_state(path, progress(epoch=1), model, None, optimiser)
    before = path.read_bytes()

    def killed(target: Path, data: bytes) -> None:
        with target.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        save_state(path, progress(epoch=2), model, None, optimiser)
    assert path.read_bytes() == before
    assert load_state(path, progress(), model, None, optimiser).epoch == 1


@pytest.mark.parametrize("damage", ["empty", "half", "garbage", "no progress", "foreign progress"])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, damage: str) -> None:
    model, optimiser = stepped(torch.optim.SGD, 0)
    path = tmp_path / "mine" / "state.safetensors"
    path.parent.mkdir()
    save_state(path, progress(), model, None, optimiser)
    data = path.read_bytes()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "half":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "garbage":
        path.write_bytes(b"\x80\x04" + data)
    else:
        save_file(load_file(path), path, metadata={} if damage == "no progress" else {"progress": '{"x": 1}'})
    with pytest.raises(
        CheckpointError, match=r"saved run 'mine' cannot be read .*; remove its folder, or choose"
    ) as caught:
        load_state(path, progress(), model, None, optimiser)
    assert str(tmp_path) not in str(caught.value)


def test_another_model_is_refused(tmp_path: Path) -> None:
    model, optimiser = stepped(torch.optim.SGD, 0)
    save_state(tmp_path / "state.safetensors", progress(), model, None, optimiser)
    other = nn.Linear(3, 4)
    with pytest.raises(CheckpointError, match="belongs to another model"):
        load_state(tmp_path / "state.safetensors", progress(), other, None, torch.optim.SGD(other.parameters()))


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        (Progress({"a": (1, 3)}, 3, ["t", "v"]), "another recipe;"),
        (Progress({"a": (1, 2)}, 4, ["t", "v"]), "another seed;"),
        (Progress({"a": (1, 2)}, 3, ["t", "w"]), "another data;"),
        (Progress({}, 4, ["t", "v"]), "another recipe and seed;"),
    ],
)
def test_another_run_is_refused_before_anything_is_restored(tmp_path: Path, expected: Progress, says: str) -> None:
    model, optimiser = stepped(torch.optim.SGD, 0)
    save_state(tmp_path / "state.safetensors", progress(), model, None, optimiser)
    other, other_optimiser = stepped(torch.optim.SGD, 1)
    before = {key: value.clone() for key, value in other.state_dict().items()}
    with pytest.raises(CheckpointError, match=says):
        load_state(tmp_path / "state.safetensors", expected, other, before, other_optimiser)
    assert all(torch.equal(value, before[key]) for key, value in other.state_dict().items())


def test_a_run_saved_before_a_recipe_entry_existed_goes_on_at_its_default(tmp_path: Path) -> None:
    model, optimiser = stepped(torch.optim.SGD, 0)
    path = tmp_path / "mine" / "state.safetensors"
    path.parent.mkdir()
    now = Recipe(name="r").as_dict()
    before = {**now, "data": {key: value for key, value in now["data"].items() if key != "marked"}}
    save_state(path, Progress(recipe=before, seed=3, epoch=2), model, None, optimiser)
    assert load_state(path, Progress(recipe=now, seed=3, data=["t", "v"]), model, None, optimiser).epoch == 2
    other = {**now, "data": {**now["data"], "marked": True}}
    with pytest.raises(CheckpointError, match="another recipe"):
        load_state(path, Progress(recipe=other, seed=3, data=["t", "v"]), model, None, optimiser)
