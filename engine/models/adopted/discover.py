"""The discovery pass: one forward pass of a network under a function mode that notes its gates and its layers.

A gate is where a squashed value that the picture decides is multiplied with features. Which operation that is, by name
and number, is all that later passes need (:mod:`engine.models.adopted.watch`). Hooks on the modules, which say whose
operation it is, live for this pass alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from engine.models.adopted.answer import answer_of
from engine.models.adopted.findings import Findings, FoundGate, FoundLayer, LeftOut, Step
from engine.models.adopted.judge import Judge
from engine.models.adopted.layout import Arrangement, arrangement
from engine.models.adopted.operations import operation_name, tensors
from engine.models.adopted.trace import Known, Trace
from engine.records import GateKind

_WORDS: Final[dict[GateKind, tuple[str, ...]]] = {"cross": ("attention", "attn")}
"""What a gate is called after its module, where that is not its kind; a module that is called so already will do."""


class Discovery(TorchFunctionMode):
    """Follows a forward pass; see :func:`discover`.

    Attributes:
        trace: what is known of each tensor.
        module: the path of the module at work, which the caller keeps up to date.
    """

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.trace = Trace(len(x))
        self.trace.begin(x)
        self.module = ""
        self.order = 0
        self.step = Step("", 0)
        self.made = WeakIdKeyDictionary()
        """Tensor → (the step that made it, when)."""
        self.products: list[tuple[Step, int, tuple[int, int, int], Arrangement]] = []
        self.gates: list[FoundGate] = []
        self.candidates: list[FoundGate] = []
        self.left_out: list[LeftOut] = []
        self.features: Step | None = None
        self._judge = Judge(self.trace)
        self._counts: Counter[str] = Counter()
        self._names: Counter[str] = Counter()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation and note what it did."""
        given = kwargs or {}
        name = operation_name(func)
        if not name:
            return func(*args, **given)
        self._counts[name] += 1
        self.order += 1
        self.step = Step(name, self._counts[name])
        verdict = self._judge.before(func, name, args, given)
        result = func(*args, **given)
        outputs = list(tensors(result)) if isinstance(result, (Tensor, tuple, list)) else []
        with torch.no_grad():
            found = None if verdict is None or not outputs else self._judge.after(verdict, outputs[0])
            self.trace.learn(func, name, args, given, result)
        for output in outputs:
            self.made[output] = (self.step, self.order)
        if found is not None:
            self._note(found, outputs[0])
        if name == "linear" and self.trace.of(args[0]).depends:
            self.features = self.step
        return result

    def _note(self, found: FoundGate | str, result: Tensor) -> None:
        if isinstance(found, str):
            self.left_out.append(LeftOut(self.module, found))
            return
        gate = replace(found, name=self._named(found), module=self.module, step=self.step)
        (self.gates if gate.made_by else self.candidates).append(gate)
        product = layer_of(self, result) if gate.made_by and gate.kind != "cross" else None
        if product is not None:
            self.products.append(product)

    def _named(self, gate: FoundGate) -> str:
        words = _WORDS.get(gate.kind, (gate.kind,))
        last = self.module.rpartition(".")[2].lower()
        base = self.module if any(word in last for word in words) else f"{self.module}.{words[0]}".strip(".")
        self._names[base] += 1
        return base if self._names[base] == 1 else f"{base}{self._names[base]}"


class _Modules:
    """Hooks that tell a discovery whose operation it is, and note which modules answer with a map."""

    def __init__(self, net: nn.Module, mode: Discovery) -> None:
        self.net, self.mode = net, mode
        self.path: list[str] = []
        self.answers: dict[str, list[FoundLayer]] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        handles: list[Any] = []
        try:
            for name, module in self.net.named_modules():
                if name:
                    handles.append(module.register_forward_pre_hook(self._enter(name)))
                    handles.append(module.register_forward_hook(self._leave(name, type(module).__name__)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, name: str) -> Callable[..., None]:
        def enter(_module: nn.Module, _inputs: Any) -> None:
            self.path.append(name)
            self.mode.module = name

        return enter

    def _leave(self, name: str, kind: str) -> Callable[..., None]:
        def leave(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if self.path:
                self.path.pop()
            self.mode.module = self.path[-1] if self.path else ""
            first = next(tensors(output), None) if isinstance(output, (Tensor, tuple, list)) else None
            with torch._C.DisableTorchFunction():  # noqa: SLF001 - what is computed here is no part of the network
                found = None if first is None else layer_of(self.mode, first)
            if found is not None:
                step, order, shape, laid_out = found
                own = self.answers.setdefault(name, [])
                own.append(FoundLayer(f"{name}#{len(own) + 1}" if own else name, kind, step, shape, laid_out, order))

        return leave


def layer_of(mode: Discovery, output: Tensor) -> tuple[Step, int, tuple[int, int, int], Arrangement] | None:
    """Return (step, order, (C, h, w), arrangement) of a tensor that is a map of more than one row and column."""
    known = mode.trace.of(output)
    if known.places is None or known.squash or output not in mode.made or min(known.places.grid) < 2:
        return None
    with torch.no_grad():
        laid_out = arrangement(known.places)
        if laid_out is None or output.shape[laid_out.axes.index("picture")] != mode.trace.pictures:
            return None  # groups of channels that are folded into the batch
        height, width = known.places.grid
        channels = output.numel() // (mode.trace.pictures * _tokens(laid_out, output))
    step, order = mode.made[output]
    return step, order, (channels, height, width), laid_out


def _tokens(laid_out: Arrangement, output: Tensor) -> int:
    count = 1
    for axis, role in enumerate(laid_out.axes):
        if role in {"cell", "row", "column"}:
            count *= output.shape[axis]
    return count


@dataclass(frozen=True, eq=False)
class Discovered:
    """What a discovery pass gave.

    Attributes:
        findings: with no layer offered yet (:mod:`engine.models.adopted.layers`).
        output: whatever the network answered.
        squash: the squashing operation that the answer's first tensor ends in, or empty.
        depends: whether the picture reaches that tensor.
    """

    findings: Findings
    output: Any
    squash: str
    depends: bool


@torch.no_grad()
def discover(net: nn.Module, x: Tensor, classes: int) -> Discovered:
    """Run a network once and say what was found.

    Args:
        net: in eval mode. Hooks are on its modules meanwhile, so no other thread may run it.
        x: two or more different normalised pictures (B, C, H, W) on its device.
        classes: K, by which its answer is told from what else it returns.
    """
    mode = Discovery(x)
    modules = _Modules(net, mode)
    with modules.listening(), mode:
        output = net(x)
    layers = [layer for own in modules.answers.values() for layer in own]
    findings = Findings(
        gates=tuple(mode.gates),
        candidates=tuple(mode.candidates),
        left_out=tuple(mode.left_out),
        layers=_in_order([*layers, *_after_gates(mode)]),
        features=mode.features,
    )
    answer = answer_of(output, classes)
    known = Known() if answer is None else mode.trace.of(answer)
    return Discovered(findings, output, known.squash, known.depends)


def _after_gates(mode: Discovery) -> list[FoundLayer]:
    return [
        FoundLayer(f"after {gate.name}", "gate", gate.step, shape, laid_out, order)
        for gate in mode.gates
        for step, order, shape, laid_out in mode.products
        if step == gate.step
    ]


def _in_order(layers: list[FoundLayer]) -> tuple[FoundLayer, ...]:
    """Return layers in forward order, one a step, under the name of the outermost module that answers with it."""
    same: dict[Step, list[FoundLayer]] = {}
    for layer in sorted(layers, key=lambda one: (one.kind == "gate", one.name.count("."))):
        same.setdefault(layer.step, []).append(layer)
    named = [replace(own[0], also=tuple(one.name for one in own[1:])) for own in same.values()]
    return tuple(sorted(named, key=lambda one: one.order))
