from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.errors import CheckpointError
from engine.models.foreign_weights import fit_of, lay_on, read_weights, renamed


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("prefix", ["", "module.", "module.model.", "_orig_mod."])
def test_wrappers_and_prefixes_are_taken_away(tmp_path: Path, wrapper: str | None, prefix: str) -> None:
    net = small()
    state = {prefix + name: value for name, value in net.state_dict().items()}
    torch.save(state if wrapper is None else {wrapper: state, "epoch": 3, "optimizer": {"lr": 0.1}}, tmp_path / "w.pth")
    read = read_weights(tmp_path / "w.pth")
    assert list(read) == list(net.state_dict())
    assert torch.equal(read["0.weight"], net[0].weight)


def test_a_prefix_that_only_some_names_have_stays(tmp_path: Path) -> None:
    torch.save({"model.a": torch.ones(1), "b": torch.ones(1)}, tmp_path / "w.pth")
    assert set(read_weights(tmp_path / "w.pth")) == {"model.a", "b"}


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file({"module.a": torch.ones(2)}, tmp_path / "w.safetensors")
    assert torch.equal(read_weights(tmp_path / "w.safetensors")["a"], torch.ones(2))


class Evil:
    """Loading it would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.target,)


def test_a_pickled_network_is_refused_and_never_run(tmp_path: Path) -> None:
    torch.save(small(), tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"'net\.pth' holds more than weights .* state_dict"):
        read_weights(tmp_path / "net.pth")
    torch.save({"a": torch.ones(1), "b": Evil(tmp_path / "ran")}, tmp_path / "evil.pth")
    with pytest.raises(CheckpointError, match="holds more than weights"):
        read_weights(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("w.pth", b"not a file of weights", r"'w\.pth' cannot be read as weights"),
        ("w.pth", b"", r"'w\.pth' cannot be read as weights"),
        ("w.safetensors", b"nothing", r"'w\.safetensors' is no safetensors file"),
    ],
)
def test_what_is_no_file_of_weights_is_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        read_weights(tmp_path / name)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file_and_one_without_weights_say_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no weights file 'w\.pth'"):
        read_weights(tmp_path / "w.pth")
    torch.save({"epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"holds no weights: .* got a dictionary with 'epoch'"):
        read_weights(tmp_path / "w.pth")
    torch.save([torch.ones(1)], tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="got a list"):
        read_weights(tmp_path / "w.pth")


def test_renaming_leaves_out_what_has_no_name() -> None:
    assert renamed({"a": torch.ones(1), "fc": torch.ones(1)}, lambda name: None if name == "fc" else name * 2) == {
        "aa": torch.ones(1)
    }


def test_a_fit_names_what_does_not() -> None:
    tensors = {"0.weight": torch.ones(2, 4), "0.bias": torch.ones(2), "2.weight": torch.ones(1)}
    fit = fit_of(small(), tensors)
    assert fit.taken == ("0.bias",)
    assert fit.missing == ("1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked")
    assert fit.left == ("2.weight",)
    assert fit.misshapen == (("0.weight", (2, 3), (2, 4)),)
    assert not fit.whole
    assert fit.sentence() == (
        "nothing for '1.weight', '1.bias', '1.running_mean', '1.running_var', '1.num_batches_tracked'; "
        "no place for '2.weight'; '0.weight' is (2, 4) where the network has (2, 3)"
    )


def test_weights_that_fit_are_laid_on_and_others_change_nothing() -> None:
    net, other = small(), small()
    wanted = {name: value + 1 for name, value in other.state_dict().items()}
    assert lay_on(net, wanted, source="a test").whole
    assert torch.equal(net[0].weight, other[0].weight + 1)
    before = net[0].weight.clone()
    with pytest.raises(CheckpointError, match=r"weights of a test do not fit this network: nothing for '0\.bias'"):
        lay_on(net, {"0.weight": torch.zeros(2, 3)}, source="a test", may_miss=lambda name: name.startswith("1."))
    assert torch.equal(net[0].weight, before)
    lay_on(net, {"0.weight": torch.zeros(2, 3)}, source="a test", may_miss=lambda name: name != "0.weight")
    assert torch.equal(net[0].weight, torch.zeros(2, 3))
