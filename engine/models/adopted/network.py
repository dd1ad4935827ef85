"""A network of others that behaves as ours do: taps for its gates, layers to explain at, logits from ``forward``.

Nothing of the network is changed. While nobody records, edits or listens, a pass is the network's own; otherwise it
runs under :class:`engine.models.adopted.watch.Watch`, in the calling thread alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from engine.errors import FerLensError, NetworkError
from engine.models.adopted.answer import Answer, answer_of, as_logits, judge_answer
from engine.models.adopted.discover import discover
from engine.models.adopted.findings import Findings
from engine.models.adopted.layers import NO_GRADIENT, follow, offer
from engine.models.adopted.parts import used_by
from engine.models.adopted.watch import Interrupted, Watch, cause_of
from engine.models.taps import AttentionTap, is_listening
from engine.records import InputSpec

SEED: Final = 0
"""Of the noise that is looked through a network for its gates."""


class LayerPoint(nn.Module):
    """An identity that an operation's answer passes as (B, C, h, w), where hooks see it as they see a layer's.

    Args:
        layer: its name.
        kind: what made it: a module's class, or ``gate``.
    """

    def __init__(self, layer: str, kind: str) -> None:
        super().__init__()
        self.layer = layer
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        """Return x."""
        return x

    @property
    def is_watched(self) -> bool:
        """Whether a hook is on it."""
        return bool(self._forward_hooks or self._forward_pre_hooks)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows of it."""
        return f"{self.layer!r}"


class AdoptedModel(nn.Module):
    """What a live and a stored network of others have in common: taps, points, and the layers that are offered.

    Attributes:
        findings: gates and layers.
        taps, points: one a gate and one a layer, in the order of the findings.
        features: the point that what the last linear layer takes passes; None where there is no such layer.
        explained_layers: names of the layers to choose from; the last is the default.
    """

    def __init__(self, findings: Findings) -> None:
        super().__init__()
        self.findings = findings
        self.taps = nn.ModuleList(
            AttentionTap(gate.name, gate.kind, gate.keys, among_itself=gate.among_itself) for gate in findings.gates
        )
        self.points = nn.ModuleList(LayerPoint(layer.name, layer.kind) for layer in findings.layers)
        self.features = None if findings.features is None else LayerPoint("features", "features")
        self.explained_layers: tuple[str, ...] = findings.offered

    def activation_module(self, layer: str) -> nn.Module:
        """Return the point of a layer, offered or not; its output is (B, C, h, w).

        Raises:
            UnknownNameError: there is no such layer.
        """
        return self.points[self.findings.layers.index(self.findings.layer(layer))]

    def layer_points(self) -> dict[str, nn.Module]:
        """Return every layer's point by name, in forward order."""
        return {layer.name: point for layer, point in zip(self.findings.layers, self.points, strict=True)}

    def weights_in_order(self, x: Tensor) -> dict[str, nn.Parameter]:
        """Return the trained weights by the network's own names, in the order in which a pass first uses them.

        Args:
            x: normalised pictures (B, C, H, W), for a pass where one is needed.
        """
        raise NotImplementedError


class AdoptedNetwork(AdoptedModel):
    """A live network, with its own code.

    Args:
        net: in eval mode.
        findings: see :func:`adopt`.
        answer: what ``net`` answers. classes: K.
    """

    def __init__(self, net: nn.Module, findings: Findings, answer: Answer, classes: int) -> None:
        super().__init__(findings)
        self.classes = classes
        self.net = net
        self.answer: Answer = answer

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, C, H, W) to logits (B, K) float32."""
        # Plain order in memory: many networks flatten with .view, which channels_last forbids.
        given = x.to(next(self.net.parameters()).dtype).contiguous()
        points = [
            (layer, point)
            for layer, point in zip(self.findings.layers, self.points, strict=True)
            if isinstance(point, LayerPoint) and point.is_watched
        ]
        wanted = self.features if self.features is not None and self.features.is_watched else None
        if not points and wanted is None and not is_listening():
            return self._logits(self.net(given))
        gates = tuple(zip(self.findings.gates, self.taps, strict=True)) if is_listening() else ()
        step = self.findings.features
        watch = Watch(x.shape[0], gates, points, None if wanted is None or step is None else (step, wanted))
        try:
            with watch:
                output = self.net(given)
        except Interrupted as carried:
            raise cause_of(carried) from None
        watch.check_complete()
        return self._logits(output)

    def weights_in_order(self, x: Tensor) -> dict[str, nn.Parameter]:
        """See :meth:`AdoptedModel.weights_in_order`; one pass."""
        return used_by(self.net, x.to(next(self.net.parameters()).dtype).contiguous())

    def _logits(self, output: Any) -> Tensor:
        answer = answer_of(output, self.classes)
        if answer is None:
            raise NetworkError("The network returned no tensor this time; open one of a fixed form.")
        return as_logits(answer, self.answer)


def unwrapped(net: nn.Module) -> nn.Module:
    """Return the network inside what wraps it, refusing what hides its operations."""
    if isinstance(net, torch.jit.ScriptModule):
        raise NetworkError(
            "This network is TorchScript, which hides its operations; open the nn.Module that it was made of."
        )
    inner = getattr(net, "_orig_mod", None)  # of torch.compile
    if isinstance(inner, nn.Module):
        return unwrapped(inner)
    if isinstance(net, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return unwrapped(net.module)
    _check_open(net)
    return net


def _check_open(net: nn.Module) -> None:
    """Refuse a network with parts that hide their operations, or weights that cannot be computed with."""
    for name, part in net.named_modules():
        shown = f"its part '{name}'" if name else "it"
        if isinstance(part, torch.jit.ScriptModule):
            raise NetworkError(
                f"In this network {shown} is TorchScript, which hides its operations; put the nn.Module there that it "
                "was made of."
            )
        if isinstance(getattr(part, "_orig_mod", None), nn.Module) or getattr(part, "_compiled_call_impl", None):
            raise NetworkError(
                f"In this network {shown} is compiled, which hides its operations; open the network as it was before "
                "torch.compile or .compile()."
            )
    for name, weights in net.named_parameters():
        if isinstance(weights, UninitializedParameter):
            continue  # of a lazy layer; the first pass gives it a shape
        if weights.is_meta:
            raise NetworkError(f"'{name}' of this network is on the device 'meta', without numbers; load its weights.")
        if weights.is_inference():
            raise NetworkError(
                f"'{name}' of this network was made under torch.inference_mode(), so no gradient can pass it; build "
                "the network outside of it."
            )


def noise(spec: InputSpec, count: int = 2) -> Tensor:
    """Return ``count`` seeded pictures of noise as a network takes them: (count, C, H, W) float32, mean 0, std 1."""
    return torch.randn(count, spec.channels, spec.height, spec.width, generator=torch.Generator().manual_seed(SEED))


@torch.inference_mode(False)
def adopt(net: nn.Module, spec: InputSpec, classes: Sequence[str]) -> AdoptedNetwork:
    """Look through a network for gates and layers, and return it as one of ours.

    Args:
        net: any classifier; it is put into eval mode and otherwise left as it is.
        spec: what it takes.
        classes: K names, in the order of its outputs.

    Raises:
        NetworkError: it does not take such pictures, or its answer is not one logit a class.
    """
    net = unwrapped(net).eval()
    first = next(net.parameters(), None)
    if first is None:
        raise NetworkError("The network has no weights; open one that was trained.")
    x = noise(spec).to(first)
    try:
        found = discover(net, x, len(classes))
    except FerLensError:
        raise
    except Exception as error:  # the network's own code may raise anything
        what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise NetworkError(
            f"The network does not take pictures of {spec.height} x {spec.width} x {spec.channels} "
            f"(height, width, channels): {what[:200]}. Name the input it was trained with."
        ) from error
    given = answer_of(found.output, len(classes))
    answer = judge_answer(given, len(x), classes, found.squash, depends=found.depends)
    try:
        findings = offer(follow(net, x, found.findings, len(classes)))
    except FerLensError:
        raise
    except Exception as error:
        what = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise NetworkError(
            f"The gradient of the network's answer cannot be taken, and every map follows it: {what[:200]}."
        ) from error
    if not findings.offered:
        if found.findings.layers:
            raise NetworkError(NO_GRADIENT)
        raise NetworkError(
            "No layer of this network answers with a map of the picture, so no place in it can be explained; FERLens "
            "needs convolutions, or tokens that stand for places."
        )
    return AdoptedNetwork(net, findings, answer, len(classes))
