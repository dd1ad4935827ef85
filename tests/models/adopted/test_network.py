"""An adopted network behaves as ours do: gates, edits and gradients as with taps, in threads, whatever it answers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.errors import NetworkError, UnknownNameError, UsageError
from engine.models.adopted.keep import Origin, keep
from engine.models.adopted.network import AdoptedModel, AdoptedNetwork, adopt
from engine.models.adopted.stored import StoredNetwork
from engine.models.checkpoint import load_checkpoint
from engine.models.registry import build_model
from engine.models.taps import AttentionTap, edit_attention, record_attention, taps_of
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES, Kept, SqueezeExcite, made

GREY = InputSpec(size=48, channels=1, mean=(0.5,), std=(0.25,))
SEVEN = tuple("abcdefg")


def without_taps(net: nn.Module) -> nn.Module:
    """Return a copy in which nothing of ours is left to read its gates by."""
    bare = copy.deepcopy(net)
    for parent in list(bare.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, AttentionTap):
                setattr(parent, name, nn.Identity())
    return bare


@pytest.fixture(scope="module")
def pair() -> tuple[nn.Module, AdoptedNetwork]:
    """Our ``cbam`` with drawn weights, and the same without its taps, adopted."""
    torch.manual_seed(3)
    ours = build_model("cbam", classes=7, spec=GREY)
    with torch.no_grad():
        for _ in range(2):
            ours(torch.randn(8, 1, 48, 48))
    ours.eval()
    return ours, adopt(without_taps(ours), GREY, SEVEN)


def test_our_own_net_without_its_taps_gives_the_same_gates(pair: tuple[nn.Module, AdoptedNetwork]) -> None:
    ours, adopted = pair
    assert not any(isinstance(module, AttentionTap) for module in adopted.net.modules())
    x = torch.randn(4, 1, 48, 48)
    with torch.no_grad(), record_attention() as wanted:
        answer = ours(x)
    with torch.no_grad(), record_attention() as found:
        torch.testing.assert_close(adopted(x), answer, rtol=0, atol=0)
    assert [gate.kind for gate in found] == [gate.kind for gate in wanted]
    assert [gate.layer for gate in found] == [
        f"block{n}.attention.{kind}" for n in range(1, 5) for kind in ("channel", "spatial")
    ]
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one.weights, other.weights, rtol=0, atol=0)


@pytest.mark.parametrize("number", range(8))
def test_edits_and_their_gradients_equal_those_of_taps(pair: tuple[nn.Module, AdoptedNetwork], number: int) -> None:
    ours, adopted = pair
    names = (taps_of(ours)[number].layer, taps_of(adopted)[number].layer)
    torch.manual_seed(number)
    x = torch.randn(2, 1, 48, 48)
    with record_attention() as gates:
        ours(x)
    factor = torch.rand_like(gates[number].weights)

    def scaled(weights: Tensor) -> Tensor:
        return weights * factor.view_as(weights) + 0.1

    results = []
    for net, name in zip((ours, adopted), names, strict=True):
        given = x.clone().requires_grad_()
        with edit_attention({name: scaled}):
            answer = net(given)
        (gradient,) = torch.autograd.grad(answer[:, 2].sum(), given)
        results.append((answer.detach(), gradient))
    torch.testing.assert_close(results[0][0], results[1][0], rtol=0, atol=1e-6)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-5, atol=1e-7)
    with torch.no_grad():
        assert not torch.allclose(results[0][0], ours(x))


def _stored(live: AdoptedNetwork, place: Path) -> AdoptedModel:
    """Write a network and open what was written, which runs without its code and without a function mode."""
    keep(place, live, classes=SEVEN, spec=GREY, domain="pictures", origin=Origin("net.py:Net"))
    opened = load_checkpoint(place).model
    assert isinstance(opened, StoredNetwork)
    return opened


def test_nothing_is_left_on_the_network(pair: tuple[nn.Module, AdoptedNetwork]) -> None:
    _, adopted = pair
    with record_attention():
        adopted(torch.randn(1, 1, 48, 48))
    for module in adopted.net.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert torch.overrides._get_current_function_mode_stack() == []


@pytest.mark.parametrize("form", ["live", "stored"])
def test_four_threads_never_see_each_other(pair: tuple[nn.Module, AdoptedNetwork], tmp_path: Path, form: str) -> None:
    ours, adopted = pair[0], pair[1] if form == "live" else _stored(pair[1], tmp_path / "stored")
    x = torch.randn(2, 1, 48, 48)
    with torch.no_grad():
        plain = ours(x)
        with record_attention() as wanted:
            ours(x)
        name = adopted.findings.gates[3].name
        with edit_attention({name: torch.zeros_like}):
            edited = adopted(x)
    failures: list[str] = []
    barrier = threading.Barrier(4)

    def check(what: str, act: Callable[[], bool]) -> None:
        barrier.wait()
        failures.extend(what for _ in range(15) if not act())

    def recording() -> bool:
        with torch.no_grad(), record_attention() as gates:
            same = torch.equal(adopted(x), plain)
        return (
            same
            and len(gates) == 8
            and all(torch.equal(a.weights, b.weights) for a, b in zip(gates, wanted, strict=True))
        )

    def editing() -> bool:
        with torch.no_grad(), edit_attention({name: torch.zeros_like}):
            return torch.equal(adopted(x), edited)

    def running() -> bool:
        with torch.no_grad():
            return torch.equal(adopted(x), plain)

    acts = {"recording": recording, "editing": editing, "plain": running, "plain too": running}
    threads = [threading.Thread(target=check, args=item) for item in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not torch.equal(edited, plain)


def test_an_operation_in_someones_hook_moves_no_gate() -> None:
    net = made("coordinate attention")
    adopted = adopt(net, GREY, CLASSES)
    x = torch.randn(2, 1, 48, 48)
    with record_attention() as before:
        adopted(x)
    handle = net.stem.register_forward_hook(lambda _module, _inputs, output: output.detach().clone())
    try:
        with record_attention() as after:
            adopted(x)
    finally:
        handle.remove()
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one.weights, other.weights)


def test_a_type_error_in_an_edit_is_raised_as_it_is() -> None:
    adopted = adopt(made("squeeze and excite"), GREY, CLASSES)

    def wrong(weights: Tensor) -> Tensor:
        raise TypeError("the edit's own mistake")

    with edit_attention({"channel": wrong}), pytest.raises(TypeError, match="the edit's own mistake"):
        adopted(torch.randn(1, 1, 48, 48))


def test_pictures_in_another_order_of_memory_are_taken() -> None:
    class Flattens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3, stride=4), nn.Linear(4 * 12 * 12, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.conv(x).view(len(x), -1))

    adopted = adopt(Flattens(), InputSpec(48, 3, (0.5,) * 3, (0.25,) * 3), CLASSES)
    x = torch.randn(2, 3, 48, 48)
    torch.testing.assert_close(adopted(x.contiguous(memory_format=torch.channels_last)), adopted(x))


class Branching(Kept):
    """Gates only pictures whose mean is above nought."""

    def middle(self, x: Tensor) -> Tensor:
        if float(x.mean()) > 0.5:
            return x
        return x * x.mean((2, 3), keepdim=True).sigmoid()


def test_a_network_that_takes_another_way_is_said_to() -> None:
    torch.manual_seed(0)
    adopted = adopt(Branching(), GREY, CLASSES)
    with torch.no_grad(), record_attention(), pytest.raises(NetworkError, match=r"took another way .*'channel'"):
        adopted(torch.full((1, 1, 48, 48), 9.0))


class Answering(nn.Module):
    """Answers with whatever it is told to make of its logits."""

    def __init__(self, answer: Callable[[Tensor], object], outputs: int = 3) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3, stride=2), nn.Linear(4, outputs)
        self.answer = answer

    def forward(self, x: Tensor) -> object:
        return self.answer(self.head(self.conv(x).relu().mean((2, 3))))


def test_answers_in_tuples_and_mappings_are_found() -> None:
    x = torch.randn(2, 1, 48, 48)
    for answer in (lambda y: (y, y * 0), lambda y: [y], lambda y: {"aux": y * 0, "logits": y}):
        torch.manual_seed(0)
        wrapped = Answering(answer)
        plain = wrapped.head(wrapped.conv(x).relu().mean((2, 3)))
        torch.testing.assert_close(adopt(wrapped, GREY, CLASSES)(x), plain)


def test_a_softmax_at_the_end_is_read_through_a_logarithm() -> None:
    torch.manual_seed(0)
    adopted = adopt(Answering(lambda y: y.softmax(1)), GREY, CLASSES)
    x = torch.randn(2, 1, 48, 48)
    assert adopted.answer == "probabilities"
    torch.testing.assert_close(adopted(x).softmax(1), adopted.net(x))
    assert float(adopted(x).min()) < 0


@pytest.mark.parametrize(
    ("answer", "outputs", "said"),
    [
        (lambda y: y, 1, "one number a picture, as in regression"),
        (lambda y: y.squeeze(1), 1, "one number a picture"),
        (lambda y: y.sigmoid(), 3, "ends in a sigmoid"),
        (lambda y: y.tanh(), 3, "valence and arousal"),
        (lambda y: y, 4, "answers with 4 numbers a picture, but 3 classes"),
        (lambda y: y[:, :, None, None].expand(-1, -1, 2, 2), 3, "Expected logits of shape"),
        (lambda y: y.argmax(1), 3, "floating-point"),
        (lambda _: torch.zeros(2, 3), 3, "does not depend on the picture"),
    ],
)  # fmt: skip
def test_what_is_no_classifier_is_refused_in_a_sentence(
    answer: Callable[[Tensor], object], outputs: int, said: str
) -> None:
    with pytest.raises(NetworkError, match=said):
        adopt(Answering(answer, outputs), GREY, CLASSES)


def test_a_wrong_input_is_said_with_the_networks_own_words() -> None:
    with pytest.raises(NetworkError, match=r"does not take pictures of 48 x 48 x 3 .*expected input"):
        adopt(made("squeeze and excite"), InputSpec(48, 3, (0.5,) * 3, (0.25,) * 3), CLASSES)


def test_a_network_without_a_map_is_refused() -> None:
    with pytest.raises(NetworkError, match="No layer of this network answers with a map"):
        adopt(nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, 3)), GREY, CLASSES)


def test_wrappers_are_taken_off_and_torchscript_is_refused() -> None:
    net = made("squeeze and excite")
    assert adopt(nn.DataParallel(net), GREY, CLASSES).net is net
    scripted = torch.jit.trace(Answering(lambda y: y).eval(), torch.randn(1, 1, 48, 48))
    with pytest.raises(NetworkError, match="TorchScript"):
        adopt(scripted, GREY, CLASSES)


def test_findings_can_be_corrected() -> None:
    class Unsquashed(SqueezeExcite):
        def middle(self, x: Tensor) -> Tensor:
            return super().middle(x) * self.fc(x.mean((2, 3))).view(len(x), -1, 1, 1)

    torch.manual_seed(0)
    findings = adopt(Unsquashed(), GREY, CLASSES).findings
    assert [gate.name for gate in findings.gates] == ["channel"]
    assert [gate.name for gate in findings.candidates] == ["channel2"]
    corrected = findings.corrected(gates=["channel2"], no_gates=["channel"], layer="stem")
    assert [gate.name for gate in corrected.gates] == ["channel2"]
    assert [gate.name for gate in corrected.candidates] == ["channel"]
    assert corrected.offered[-1] == "stem"
    for words in ({"gates": ["nothing"]}, {"no_gates": ["nothing"]}, {"layer": "nothing"}):
        with pytest.raises(UnknownNameError):
            findings.corrected(**words)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        findings.corrected(gates=["channel"], no_gates=["channel"])


def test_the_findings_say_what_was_found_left_out_and_might_be() -> None:
    class All(SqueezeExcite):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.zeros(1, 8, 1, 1))

        def middle(self, x: Tensor) -> Tensor:
            x = x * torch.sigmoid(x)
            x = super().middle(x * self.scale.sigmoid())
            return x * self.fc(x.mean((2, 3))).view(len(x), -1, 1, 1)

    torch.manual_seed(0)
    said = adopt(All(), GREY, CLASSES).findings.describe()
    assert "1 gates found\n  channel: channel gate of 8, by sigmoid" in said
    assert "2 left out" in said
    assert "the network itself: an activation" in said
    assert "the network itself: a learnt scale" in said
    assert "1 candidates, off unless named with --gate\n  channel2: channel gate of 8, not squashed" in said
    assert "(the last is the default)" in said
