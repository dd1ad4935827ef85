from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.data.enhance.networks import ROLES, file_digest, find_network, load_network
from engine.errors import MissingExtraError, NetworkFileError
from tests.made_enhance import make_ddcolor, make_swinir, save_network


@pytest.mark.parametrize(
    ("name", "wrapped"), [("real.safetensors", ""), ("real.pth", ""), ("real.pth", "params_ema"), ("real.PT", "params")]
)
def test_swinir_from_every_kind_of_file(tmp_path: Path, name: str, wrapped: str) -> None:
    made = make_swinir(3)
    path = save_network(tmp_path / name, made, wrapped)
    network = load_network("sr", path)
    assert (network.scale, network.multiple, network.file, network.sha256) == (4, 4, name, file_digest(path))
    assert network.as_dict()["architecture"] == "SwinIR"
    assert network.as_dict()["parameters"] == sum(parameter.numel() for parameter in made.parameters())
    assert not network.module.training
    assert not any(parameter.requires_grad for parameter in network.module.parameters())
    x = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(network.module(x), made(x))
    assert find_network(network.sha256, tmp_path) == path
    assert find_network("0" * 64, tmp_path) is None


def test_ddcolor_and_files_for_the_other_role(tmp_path: Path) -> None:
    made = make_ddcolor()
    state = {key: value.half() for key, value in made.state_dict().items()}  # half the file; loaded as float32
    torch.save({"params": state}, tmp_path / "color.pth")
    network = load_network("color", tmp_path / "color.pth")
    assert (network.role, network.scale, network.module.input_size) == ("color", 1, (256, 256))
    assert {parameter.dtype for parameter in network.module.parameters()} == {torch.float32}
    key = "encoder.arch.stages.2.0.pwconv1.weight"
    torch.testing.assert_close(network.module.get_parameter(key).half(), state[key])

    with pytest.raises(NetworkFileError, match=r"Expected the weights of a SwinIR, but 'color\.pth' is of no arch"):
        load_network("sr", tmp_path / "color.pth")
    swinir = save_network(tmp_path / "sr.safetensors", make_swinir())
    with pytest.raises(NetworkFileError, match=r"weights of a DDColor, but 'sr\.safetensors' is a SwinIR; DDColor \("):
        load_network("color", swinir)


def test_another_architecture(tmp_path: Path) -> None:
    from spandrel.architectures.Compact import Compact

    path = save_network(tmp_path / "x.pth", Compact(num_feat=4, num_conv=1))
    with pytest.raises(
        NetworkFileError, match=r"weights of a SwinIR, but 'x\.pth' is a Compact; SwinIR for real-world"
    ):
        load_network("sr", path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"channels": 1}, "takes 1 and gives 1 channels at 4 x"),
        ({"scale": 1, "upsampler": ""}, "takes 3 and gives 3 channels at 1 x"),
    ],
)
def test_a_swinir_that_is_for_something_else(tmp_path: Path, changed: dict, said: str) -> None:
    path = save_network(tmp_path / "x.pth", make_swinir(**changed))
    with pytest.raises(NetworkFileError, match=said):
        load_network("sr", path)


def test_damaged_files(tmp_path: Path) -> None:
    state = make_swinir().state_dict()
    whole = tmp_path / "whole.pth"
    torch.save(state, whole)
    (tmp_path / "cut.pth").write_bytes(whole.read_bytes()[:5000])
    (tmp_path / "text.pth").write_text("no network")
    (tmp_path / "text.safetensors").write_text("no network")
    (tmp_path / "empty.pth").write_bytes(b"")
    for name in ("cut.pth", "text.pth", "text.safetensors", "empty.pth"):
        with pytest.raises(NetworkFileError, match=rf"^'{name}' cannot be read as a file of weights: it is damaged"):
            load_network("sr", tmp_path / name)

    lacking = {key: value for key, value in state.items() if key != "conv_up2.weight"}
    torch.save(lacking, tmp_path / "lacking.pth")
    with pytest.raises(NetworkFileError, match="do not make up a whole SwinIR; get it again"):
        load_network("sr", tmp_path / "lacking.pth")

    broken = dict(state) | {"conv_last.bias": torch.tensor([0.0, float("nan"), 0.0])}
    save_file({key: value.contiguous().clone() for key, value in broken.items()}, tmp_path / "nan.safetensors")
    with pytest.raises(NetworkFileError, match=r"holds NaN or infinity in 'conv_last\.bias'"):
        load_network("sr", tmp_path / "nan.safetensors")


class Runs:
    """Its pickle would make a folder."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.place,)


def test_a_file_that_would_run_something_is_refused(tmp_path: Path) -> None:
    harmful = tmp_path / "harmful.pth"
    torch.save({**make_swinir().state_dict(), "x": Runs(str(tmp_path / "ran"))}, harmful)
    with pytest.raises(NetworkFileError, match="holds more than tensors, which is never loaded"):
        load_network("sr", harmful)
    assert not (tmp_path / "ran").exists()


def test_files_without_a_network(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "x.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    for name in ("x.pth", "list.pth"):
        with pytest.raises(NetworkFileError, match=f"'{name}' "):
            load_network("sr", tmp_path / name)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(NetworkFileError, match=r"Expected a file \.safetensors, \.pth.*got 'x\.txt'"):
        load_network("sr", tmp_path / "x.txt")
    with pytest.raises(NetworkFileError, match=r"^There is no file 'none\.pth'; SwinIR .* under Apache-2\.0\.$"):
        load_network("sr", tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("role", "library", "pip"),
    [
        ("sr", "spandrel", "spandrel"),
        ("color", "spandrel", "spandrel"),
        ("color", "spandrel_extra_arches", "spandrel-extra-arches"),
    ],
)
def test_a_missing_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, library: str, pip: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed
    with pytest.raises(MissingExtraError) as caught:
        load_network(role, tmp_path / "any.pth")
    assert str(caught.value) == (
        f"{ROLES[role].does} needs {pip}, which is not installed; get it with: pip install -r requirements-extras.txt."
    )
