from __future__ import annotations

import threading

import pytest
import torch
from torch import Tensor, nn

from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.models.taps import AttentionTap, edit_attention, record_attention, taps_of


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = AttentionTap("one.channel", "channel")
        self.second = AttentionTap("two.spatial", "spatial")

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x * self.first(x.mean(dim=(2, 3), keepdim=True)) * self.second(x.mean(dim=1, keepdim=True))
        return out


def test_a_tap_is_an_identity_that_records_the_native_shape() -> None:
    x = torch.rand(2, 3, 4, 5)
    with record_attention() as gates:
        Gated()(x)
    assert [(g.layer, g.kind, tuple(g.weights.shape)) for g in gates] == [
        ("one.channel", "channel", (2, 3)),
        ("two.spatial", "spatial", (2, 4, 5)),
    ]
    assert torch.equal(gates[0].weights, x.mean(dim=(2, 3)))
    assert torch.equal(gates[1].weights, x.mean(dim=1))


def test_nothing_is_recorded_outside_the_context() -> None:
    model, x = Gated(), torch.rand(1, 2, 3, 3)
    before = model(x)
    with record_attention() as gates:
        inside = model(x)
    after = model(x)
    assert len(gates) == 2
    assert torch.equal(before, inside)
    assert torch.equal(before, after)
    assert not any(module._forward_hooks for module in model.modules())


def test_the_context_ends_after_an_error_too() -> None:
    model, x = Gated(), torch.rand(1, 2, 3, 3)

    def fail() -> None:
        with record_attention(), edit_attention({"one.channel": torch.zeros_like}):
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert float(model(x).abs().sum()) > 0


def test_an_inner_recording_leaves_the_outer_one_alone() -> None:
    model, x = Gated(), torch.rand(1, 2, 3, 3)
    with record_attention() as outer:
        model(x)
        with record_attention() as inner:
            model(x)
        model(x)
    assert (len(outer), len(inner)) == (4, 2)


def test_recorded_weights_hold_no_graph_but_the_output_does() -> None:
    x = torch.rand(1, 2, 3, 3, requires_grad=True)
    with record_attention() as gates:
        out = Gated()(x)
    assert out.requires_grad
    assert not any(gate.weights.requires_grad for gate in gates)


def test_an_edit_replaces_the_weights_and_is_what_is_recorded() -> None:
    model, x = Gated(), torch.rand(1, 2, 3, 3)
    with edit_attention({"one.channel": torch.ones_like}), record_attention() as gates:
        out = model(x)
    assert torch.equal(out, x * x.mean(dim=1, keepdim=True))
    assert torch.equal(gates[0].weights, torch.ones(1, 2))


def test_an_edit_of_another_shape_is_refused() -> None:
    with (
        edit_attention({"two.spatial": lambda weights: weights[:, :, :1]}),
        pytest.raises(ValueError, match=r"two\.spatial must keep the shape \(1, 1, 3, 3\), got \(1, 1, 1, 3\)"),
    ):
        Gated()(torch.rand(1, 2, 3, 3))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind must be one of"):
        AttentionTap("x", "colour")  # type: ignore[arg-type]


@pytest.mark.usefixtures("narrow")
def test_two_threads_on_one_model_never_see_each_others_maps() -> None:
    torch.manual_seed(0)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT).eval()
    faces = torch.randn(2, 1, 1, 48, 48)
    with torch.no_grad():
        expected = []
        for face in faces:
            with record_attention() as gates:
                model(face)
            expected.append([gate.weights for gate in gates])
    together = threading.Barrier(3)
    wrong: list[str] = []

    def watch(index: int) -> None:
        together.wait()
        for _ in range(25):
            with torch.no_grad(), record_attention() as seen:
                model(faces[index])
            if len(seen) != 8:
                wrong.append(f"thread {index} saw {len(seen)} gates")
            elif not all(torch.equal(gate.weights, own) for gate, own in zip(seen, expected[index], strict=True)):
                wrong.append(f"thread {index} saw another's weights")

    def change() -> None:
        together.wait()
        for _ in range(25):
            with torch.no_grad(), edit_attention({tap.layer: torch.zeros_like for tap in taps_of(model)}):
                model(faces[0])

    threads = [threading.Thread(target=watch, args=(0,)), threading.Thread(target=watch, args=(1,))]
    threads.append(threading.Thread(target=change))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
