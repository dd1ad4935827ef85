"""Other derivatives for some operations of a model, for the passes of the calling thread alone.

Guided backpropagation and DeepLIFT put rules of their own in the place of derivatives. Captum does it with hooks on
activation modules: it passes over an activation that is called as a function (``x.relu()``), refuses a module that runs
twice, and knows no products. A :class:`torch.overrides.TorchFunctionMode` sees every operation, however it is called,
and touches neither the model nor other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

Rule = Callable[..., Any]
"""(operation, its arguments) → its result, with the rule's derivative; NotImplemented: the rule is not for these."""


class BackwardRules(TorchFunctionMode):
    """Run ``rules[name]`` for every operation of that name in this thread; ``relu_`` and ``__relu__`` are ``relu``.

    A rule returns a new tensor also for an operation in place.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self.rules = rules
        self.ruled = False
        """Whether a rule is at work at this moment."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation by its rule, if it has one."""
        rule = self.rules.get(getattr(func, "__name__", "").strip("_"))
        if rule is not None:
            self.ruled = True
            try:
                result = rule(func, *args, **(kwargs or {}))
            finally:
                self.ruled = False
            if result is not NotImplemented:
                return result
        return func(*args, **(kwargs or {}))


class _Survey(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types for it
    """Note every basic operation that runs without a rule."""

    def __init__(self, rules: BackwardRules) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types for it
        self.rules, self.names = rules, dict[str, None]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation."""
        if not self.rules.ruled:
            self.names[func.name().partition("::")[2].partition(".")[0].strip("_")] = None
        return func(*args, **(kwargs or {}))


def unruled_operations(model: nn.Module, x: Tensor, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """Return the names of the basic operations of a forward pass that no rule takes, in order, each once.

    One forward pass under the rules and one without. The caller holds the model's lock.

    Args:
        model: anything that maps x to a tensor.
        x: the pictures (B, C, S, S), such as the rules take.
        rules: operation → rule.

    Returns:
        The names; with ``an operation in place`` at the end where the answers under the rules are not the model's,
        for then a rule's result was not taken for the tensor that was to be changed.
    """
    mode = BackwardRules(rules)
    given = x.detach().clone().requires_grad_()
    with torch.enable_grad(), _Survey(mode) as survey, mode:
        ruled = model(given)
    with torch.no_grad():
        plain = model(x)
    same = torch.allclose(ruled.detach(), plain, rtol=1e-3, atol=1e-4)
    return (*survey.names, *(() if same else ("an operation in place",)))
