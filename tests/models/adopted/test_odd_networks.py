"""What people return, wrap and build otherwise than by the book: opened, or refused in a sentence that is true."""

from __future__ import annotations

import dataclasses
import warnings
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.models.adopted.freeze import freeze
from engine.models.adopted.judge import ACTIVATION, IN_TWO_STEPS
from engine.models.adopted.network import adopt
from engine.models.adopted.operations import contracted
from engine.models.taps import edit_attention, record_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES, SqueezeExcite, Tokens, made

SPEC = InputSpec(32, 1, (0.5,), (0.25,))


@dataclasses.dataclass
class Record:
    hidden: Tensor
    scores: Tensor


Named = namedtuple("Named", ["aux", "logits"])

RETURNED: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "features, then logits": lambda features, logits: (features, logits),
    "a pooled row, then logits": lambda features, logits: [features.mean((2, 3)), logits],
    "a mapping": lambda features, logits: {"features": features, "emotion": logits},
    "a dataclass": Record,
    "logits, of two of one shape": lambda _features, logits: {"aux": logits * 0, "logits": logits},
    "a named tuple": lambda _features, logits: Named(logits * 0, logits),
    "what is nested": lambda features, logits: (features, {"heads": [logits]}),
}


class Returns(SqueezeExcite):
    def __init__(self, returned: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.returned = returned

    def forward(self, x: Tensor) -> Any:
        features = self.middle(self.stem(x).relu())
        self.answered = self.head(features.mean((2, 3)))
        return self.returned(features, self.answered)


@pytest.mark.parametrize("returned", RETURNED)
def test_the_logits_are_found_in_whatever_is_returned(returned: str) -> None:
    torch.manual_seed(0)
    net = Returns(RETURNED[returned]).eval()
    adopted = adopt(net, SPEC, CLASSES)
    x = torch.randn(3, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(adopted(x), net.answered, rtol=0, atol=0)
    assert freeze(adopted, SPEC).logits_difference < 1e-5


class NoGradient(SqueezeExcite):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


class NotFinite(SqueezeExcite):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * float("nan")


class Raises(SqueezeExcite):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.preprocess(x))


class OverwritesItself(SqueezeExcite):
    """Gradients cannot be taken of it, as an operation in place destroys what they need."""

    def middle(self, x: Tensor) -> Tensor:
        y = torch.exp(x)
        z = y * 2
        y.add_(1)
        return super().middle(z + y)


def scripted() -> nn.Module:
    net = SqueezeExcite()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.fc = torch.jit.script(net.fc)
    return net


def compiled() -> nn.Module:
    net = SqueezeExcite()
    net.fc.compile()
    return net


def in_inference_mode() -> nn.Module:
    with torch.inference_mode():
        return SqueezeExcite()


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "no gradient": (NoGradient, "No gradient of the network's answer can be taken"),
    "not finite": (NotFinite, "not finite"),
    "an error of its own": (Raises, "has no attribute 'preprocess'"),
    "an operation in place": (OverwritesItself, "The gradient of the network's answer cannot be taken"),
    "a scripted part": (scripted, "its part 'fc' is TorchScript"),
    "a compiled part": (compiled, "its part 'fc' is compiled"),
    "inference tensors": (in_inference_mode, r"'stem.weight' of this network was made under torch.inference_mode\(\)"),
    "meta": (lambda: SqueezeExcite().to("meta"), "'stem.weight' of this network is on the device 'meta'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_followed_is_refused_with_its_reason(what: str) -> None:
    make, said = REFUSED[what]
    with pytest.raises(NetworkError, match=said):
        adopt(make(), SPEC, CLASSES)


def test_a_network_can_be_opened_under_inference_mode() -> None:
    net = SqueezeExcite()
    with torch.inference_mode():
        assert len(adopt(net, SPEC, CLASSES).findings.gates) == 1


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_half_precision_is_stored_in_float32(precision: torch.dtype) -> None:
    torch.manual_seed(0)
    net = SqueezeExcite().to(precision)
    frozen = freeze(adopt(net, SPEC, CLASSES), SPEC)
    assert {value.dtype for value in frozen.tensors.values()} == {torch.float32}
    assert next(net.parameters()).dtype == precision  # left as it was


class Complex(SqueezeExcite):
    def middle(self, x: Tensor) -> Tensor:
        return super().middle(torch.fft.ifft2(torch.fft.fft2(x)).real)


def test_the_picture_is_followed_through_complex_numbers() -> None:
    adopted = adopt(Complex(), SPEC, CLASSES)
    assert [gate.kind for gate in adopted.findings.gates] == ["channel"]


class AmongChannels(Tokens):
    """Cross-covariance attention, as in XCiT: channels attend to channels."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (part.transpose(-2, -1) for part in (q, k, v))
        return ((q @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(-2, -1)


def test_keys_that_are_channels_are_no_cells() -> None:
    (gate,) = adopt(AmongChannels(), SPEC, CLASSES).findings.gates
    assert (gate.kind, gate.shape, gate.keys, gate.among_itself) == ("cross", (8, 4), None, False)


class SwishWrittenOut(SqueezeExcite):
    def middle(self, x: Tensor) -> Tensor:
        return x * (1 / (1 + torch.exp(-x)))


def test_an_activation_that_is_written_out_is_no_gate() -> None:
    found = adopt(SwishWrittenOut(), SPEC, CLASSES).findings
    assert found.gates == ()
    assert [one.reason for one in found.left_out] == ["an activation: features times their own squashed selves"]


class DividedActivations(SqueezeExcite):
    """Swish, a gated linear unit and softplus' slope as quotients, a learnt scale, and a division by other sums."""

    def __init__(self) -> None:
        super().__init__()
        self.widen, self.scale = nn.Conv2d(8, 16, 1), nn.Parameter(torch.randn(1, 8, 1, 1))

    def middle(self, x: Tensor) -> Tensor:
        x = x / (1 + torch.exp(-1.702 * x))
        one, two = self.widen(x).chunk(2, dim=1)
        x = one / (1 + torch.exp(-two))
        x = x / (1 + torch.exp(-self.scale))
        x = x.exp() / (1 + torch.exp(x))
        pooled = self.fc(x.mean((2, 3)))[:, :, None, None]
        x = x / (2 + torch.exp(-pooled))
        x = x / (1 + pooled.abs())
        return x / x.norm(dim=1, keepdim=True)


def test_a_quotient_that_is_no_gate_is_none() -> None:
    found = adopt(DividedActivations(), SPEC, CLASSES).findings
    assert found.gates == ()
    assert found.candidates == ()
    assert [one.reason for one in found.left_out] == [ACTIVATION] * 2


class InTwoSteps(SqueezeExcite):
    """Features times exp(z), then divided: their product with a sigmoid, and one with a softmax."""

    def middle(self, x: Tensor) -> Tensor:
        pooled = self.fc(x.mean((2, 3)))[:, :, None, None]
        x = x * torch.exp(pooled) / (1 + torch.exp(pooled))
        raised = torch.exp(x.mean(1, keepdim=True))
        return x * raised / raised.sum((2, 3), keepdim=True)


def test_a_gate_in_two_steps_is_left_out_and_said() -> None:
    found = adopt(InTwoSteps(), SPEC, CLASSES).findings
    assert found.gates == ()
    assert [one.reason for one in found.left_out] == [IN_TWO_STEPS] * 2


def test_a_divided_gate_can_be_switched_off() -> None:
    """A gate of 0 would be a division by infinity; the answer and its gradients stay finite, and are those of 0."""
    net = made("features divided")
    adopted = adopt(net, SPEC, CLASSES)
    x = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(3), requires_grad=True)
    last = adopted.findings.gates[-1].name
    with edit_attention({last: lambda weights: weights * 0}):
        answer = adopted(x)
    torch.testing.assert_close(answer, net.head(torch.zeros(2, 8)))
    answer.sum().backward()
    assert x.grad is not None
    assert float(x.grad.abs().max()) == 0.0


class OneStepAside(SqueezeExcite):
    """Not a sigmoid: 1 / (2 + exp(-x)); nor a softmax: exp(x) / sum(exp(2 x))."""

    def middle(self, x: Tensor) -> Tensor:
        pooled = self.fc(x.mean((2, 3)))
        first = 1 / (2 + torch.exp(-pooled))
        second = torch.exp(pooled) / torch.exp(2 * pooled).sum(1, keepdim=True)
        return x * first[:, :, None, None] * second[:, :, None, None]


def test_what_only_looks_like_a_written_sigmoid_is_a_candidate() -> None:
    found = adopt(OneStepAside(), SPEC, CLASSES).findings
    assert found.gates == ()
    assert len(found.candidates) == 2


@pytest.mark.parametrize(
    ("equation", "sides", "letters"),
    [
        ("bchw, bhw -> bchw", (4, 3), ("bchw", "bhw", "bchw")),
        ("...qk,...kd->...qd", (4, 4), ("aeqk", "aekd", "aeqd")),
        ("b...,bc->bc...", (3, 2), ("bae", "bc", "bcae")),
        ("...c,c->...c", (3, 1), ("abc", "c", "abc")),
        ("ij,jk", (2, 2), ("ij", "jk", "ik")),
        ("ij", (2, 0), ("", "", "")),
    ],
)
def test_an_equation_is_read(equation: str, sides: tuple[int, int], letters: tuple[str, str, str]) -> None:
    read = contracted(equation, 0, sides)
    # which letter stands for an ellipsis is no matter; that it is one throughout is
    assert [len(set(part)) for part in read] == [len(set(part)) for part in letters]
    renamed = str.maketrans("".join(read), "".join(letters))
    assert tuple(part.translate(renamed) for part in read) == letters
    assert contracted(equation, 1, sides)[:2] == read[1::-1]


def test_groups_in_the_batch_are_told_for_any_number_of_pictures() -> None:
    from tests.models.adopted.made_nets import GroupsInBatch

    torch.manual_seed(0)
    net = GroupsInBatch().eval()
    adopted = adopt(net, SPEC, CLASSES)
    x = torch.randn(1, 1, 32, 32)
    with torch.no_grad(), record_attention() as recorded:
        adopted(x)
    for gate, kept in zip(recorded, net.kept, strict=True):
        np.testing.assert_allclose(gate.weights.flatten(), kept.flatten(), atol=1e-6)
        assert len(gate.weights) == 1
    assert all(layer.shape[0] * layer.shape[1] * layer.shape[2] == 8 * 16 * 16 for layer in adopted.findings.layers)
