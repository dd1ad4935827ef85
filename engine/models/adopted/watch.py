"""The passes after discovery: at the operations that were found, gates and maps go through modules of ours.

A function mode belongs to the thread that entered it and is gone when the pass is over, so nothing stays on the network
and no other thread sees anything of it. Its price is a look at the name of every operation, about a millionth of a
second each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.errors import NetworkError
from engine.models.adopted.findings import FUSED_OPERAND, FoundGate, FoundLayer, Step
from engine.models.adopted.fused import attended
from engine.models.adopted.layout import Arrangement, AttentionLayout, native_shape, unstretched
from engine.models.adopted.operations import Arguments, Keywords, factors, operation_name, tensors, with_factor

Through = Callable[[Tensor], Tensor]
"""A tap, or a layer's point: it is given a tensor and gives back one of the same shape."""


class Interrupted(Exception):  # noqa: N818 - it is no error of its own
    """Carries a TypeError out of an operator, which would turn it into "unsupported operand"; see :func:`cause_of`."""


def cause_of(carried: Interrupted) -> BaseException:
    """Return what really happened."""
    return carried.__cause__ or carried


def through_tap(tap: Through, gate: FoundGate, value: Tensor, pictures: int) -> Tensor:
    """Pass a factor through a gate's tap and return what is to be multiplied in its place.

    Args:
        tap: gets the gate in the layout of its kind.
        gate: what was found.
        value: the factor, as the network has it.
        pictures: B.
    """
    layout = gate.layout
    native = value if isinstance(layout, AttentionLayout) else unstretched(value, gate.stretched)
    try:
        shown = layout.to_tap(native, pictures) if isinstance(layout, AttentionLayout) else layout.to_tap(native)
    except (RuntimeError, IndexError, ValueError) as error:
        raise NetworkError(_ANOTHER_WAY.format(gate.name)) from error
    if native_shape(gate.kind, shown.shape) != gate.shape:
        raise NetworkError(_ANOTHER_WAY.format(gate.name))
    given = tap(shown)
    return value if given is shown else layout.from_tap(given, native).expand(value.shape)


def through_point(point: Through, laid_out: Arrangement, grid: tuple[int, int], output: Tensor) -> Tensor:
    """Pass an operation's answer through a layer's point, as (B, C, h, w), and return what takes its place."""
    pictures = output.shape[laid_out.picture_axis]
    shown = laid_out.laid_out(output).reshape(pictures, -1, *grid)
    given = point(shown)
    return output if given is shown else laid_out.put_back(given, output)


class Watch(TorchFunctionMode):
    """Runs a pass of a network with its gates, layers and last features passed through modules.

    Args:
        pictures: B of the pass.
        gates: each with its tap.
        layers: each with its point, those alone that someone listens to.
        features: the step of the last linear layer, with what its input is passed through; or None.
    """

    def __init__(
        self,
        pictures: int,
        gates: Sequence[tuple[FoundGate, nn.Module]],
        layers: Sequence[tuple[FoundLayer, nn.Module]],
        features: tuple[Step, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self._pictures = pictures
        self._before: dict[tuple[str, int], list[tuple[FoundGate, nn.Module]]] = {}
        self._after: dict[tuple[str, int], list[tuple[FoundLayer, nn.Module]]] = {}
        for gate, tap in gates:
            self._before.setdefault((gate.step.operation, gate.step.number), []).append((gate, tap))
        for layer, point in layers:
            self._after.setdefault((layer.step.operation, layer.step.number), []).append((layer, point))
        self._features = {} if features is None else {(features[0].operation, features[0].number): features[1]}
        self._due = {*self._before, *self._after, *self._features}
        self._counted = frozenset(operation for operation, _ in self._due)
        self._counts: Counter[str] = Counter()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Arguments = (), kwargs: Keywords | None = None
    ) -> Any:
        """Run the operation; at those that were found, through the modules."""
        name = operation_name(func)
        if name not in self._counted:
            return func(*args, **kwargs) if kwargs else func(*args)
        self._counts[name] += 1
        step = (name, self._counts[name])
        if step not in self._due:
            return func(*args, **kwargs) if kwargs else func(*args)
        self._due.discard(step)
        try:
            return self._run(step, func, args, kwargs or {})
        except TypeError as error:
            raise Interrupted from error

    def _run(self, step: tuple[str, int], func: Callable[..., Any], args: Arguments, kwargs: Keywords) -> Any:
        name = step[0]
        if step in self._features:
            args = (self._features[step](args[0]), *args[1:])
        result: Any = None
        for gate, tap in self._before.get(step, ()):
            if gate.operand == FUSED_OPERAND:
                result = attended(name, args, kwargs, self._tap_of(gate, tap))
            else:
                pair = factors(name, args, kwargs)
                if pair is None:
                    raise NetworkError(_ANOTHER_WAY.format(gate.name))
                edited = through_tap(tap, gate, pair[gate.operand], self._pictures)
                if edited is not pair[gate.operand]:
                    args, kwargs = with_factor(name, args, kwargs, gate.operand, edited)
        if result is None:
            result = func(*args, **kwargs)
        for layer, point in self._after.get(step, ()):
            output = next(tensors(result))
            changed = through_point(point, layer.arrangement, layer.shape[1:], output)
            if changed is not output:
                result = (changed, *result[1:]) if isinstance(result, tuple) else changed
        return result

    def _tap_of(self, gate: FoundGate, tap: nn.Module) -> Through:
        return lambda weights: through_tap(tap, gate, weights, self._pictures)

    def check_complete(self) -> None:
        """Check that every operation that was due has run.

        Raises:
            NetworkError: the network took another way than in its discovery pass.
        """
        named: Mapping[tuple[str, int], str] = {
            **{step: layers[0][0].name for step, layers in self._after.items()},
            **{step: gates[0][0].name for step, gates in self._before.items()},
        }
        for step in self._due:
            raise NetworkError(_ANOTHER_WAY.format(named.get(step, "the last layer")))


_ANOTHER_WAY = (
    "The network took another way than when its gates were looked for: '{}' was not met, or has another shape. A "
    "network whose operations depend on the picture or on the size of the batch cannot be followed; open one of a "
    "fixed form."
)
