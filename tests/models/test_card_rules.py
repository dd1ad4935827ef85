"""A card that no run of ours writes is refused when it is read, before anything is built of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import CheckpointError, FerLensError
from engine.models import registry
from engine.models.checkpoint import (
    checkpoint_names,
    file_sha256,
    load_checkpoint,
    read_card,
    survey_checkpoints,
)
from engine.models.registry import build_model, input_spec
from engine.records import InputSpec
from tests.made import ROOT
from tests.made_odd import ABSURD, write_absurd, write_odd

SHIPPED = ROOT / "checkpoints"


@pytest.mark.parametrize("which", ABSURD)
def test_an_absurd_card_is_one_sentence(which: str, checkpoints: Path, tmp_path: Path) -> None:
    place = write_absurd(tmp_path, checkpoints / "cbam", which)
    with pytest.raises(CheckpointError, match=f"The card of '{which}' is damaged") as caught:
        read_card(place)
    message = str(caught.value)
    assert len(message) < 320
    assert "\n" not in message
    assert str(tmp_path) not in message


def test_every_shipped_card_passes() -> None:
    names = checkpoint_names(SHIPPED)
    assert len(names) >= 10
    assert [read_card(SHIPPED / name).name for name in names] == list(names)


def test_odd_folders_cost_no_other(checkpoints: Path, tmp_path: Path) -> None:
    odd = write_odd(tmp_path)
    shutil.copytree(checkpoints / "cbam", tmp_path / "cbam")
    survey = survey_checkpoints(tmp_path)
    assert [card.name for card in survey.cards] == ["cbam"]
    assert len(survey.problems) == len(odd) + 1
    for name in odd:
        assert sum(f"'{name}'" in problem for problem in survey.problems) == 1
    assert sum("cannot be printed; rename it" in problem for problem in survey.problems) == 1
    assert all(problem.isprintable() and str(tmp_path) not in problem for problem in survey.problems)
    assert checkpoint_names(tmp_path) == tuple(sorted(["cbam", *odd]))


def test_a_place_that_may_not_be_looked_into_offers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied", "/secret")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert survey_checkpoints(tmp_path).problems == ()


@pytest.mark.parametrize(
    ("architecture", "size", "config"),
    [
        ("baseline", 2_048, {}),
        ("cbam", 2_048, {"reduction": 1}),
        ("micro", 2_048, {}),
        ("vit", 48, {"width": 60_000, "heads": 1}),
        ("cmaen", 64, {"widths": [60_000, 60_000, 60_000, 60_000]}),
    ],
)
def test_a_network_that_no_machine_holds_is_refused_before_it_is_built(
    architecture: str, size: int, config: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    of_torch = torch.nn.init.kaiming_uniform_

    def counted(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        made.append(tensor.numel())
        return of_torch(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.nn.init, "kaiming_uniform_", counted)
    monkeypatch.setattr(registry, "MOST_VALUES", 50_000_000)
    own = input_spec(architecture)
    spec = InputSpec(size, own.channels, own.mean, own.std)
    with pytest.raises(CheckpointError, match=f"at most 50,000,000 values, but this '{architecture}'"):
        build_model(architecture, classes=7, spec=spec, config=config)
    assert sum(made) <= 50_000_000


@pytest.mark.parametrize(
    "config",
    [
        {"depth": 10_000}, {"depth": 0}, {"depth": -1}, {"heads": 0}, {"heads": 7}, {"width": 0}, {"width": -160},
        {"width": "wide"}, {"expansion": 0}, {"dropout": 7}, {"dropout": "x"}, {"depth": None}, {"surprise": 1},
        {"size": 48}, {"classes": 3},
    ],
)  # fmt: skip
def test_a_config_that_makes_no_network_is_one_sentence(config: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="The config of 'vit' has an entry that it does not take"):
        build_model("vit", classes=7, spec=input_spec("vit"), config=config)


@pytest.mark.parametrize("config", [{"reduction": 0}, {"kernel": -3}, {"kernel": 0}])
def test_the_same_for_the_gates(config: dict[str, object]) -> None:
    with pytest.raises(FerLensError):
        build_model("cbam", classes=7, spec=input_spec("cbam"), config=config)


def test_a_transformer_compares_no_more_cells_than_a_machine_holds() -> None:
    with pytest.raises(CheckpointError, match="size must be at most 384"):
        build_model("vit", classes=7, spec=InputSpec(388, 1, (0.5,), (0.25,)))


@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.int8])
def test_weights_of_other_kinds_are_refused(kind: torch.dtype, checkpoints: Path, tmp_path: Path) -> None:
    place = tmp_path / "cbam"
    shutil.copytree(checkpoints / "cbam", place)
    save_file({"output.weight": torch.zeros(7, 512).to(kind)}, place / "weights.safetensors")
    card = json.loads((place / "card.json").read_text())
    card["weights_sha256"] = file_sha256(place / "weights.safetensors")
    (place / "card.json").write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match=r"Expected weights of 'cbam' as float16.* save them as float16"):
        load_checkpoint("cbam", folder=tmp_path)


def test_weights_that_cannot_be_read_are_one_sentence(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(checkpoints / "cbam", tmp_path / "cbam")

    def refuse(path: Path) -> str:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("engine.models.checkpoint.file_sha256", refuse)
    with pytest.raises(CheckpointError, match="'cbam' are no safetensors file") as caught:
        load_checkpoint("cbam", folder=tmp_path)
    assert str(tmp_path) not in str(caught.value)
