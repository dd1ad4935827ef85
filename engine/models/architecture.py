"""What FERLens knows of a network beside its layers, as one record, and what every page and command needs of a model.

A file with a network ends with its records, by name; :mod:`engine.models.registry` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

from torch import Tensor, nn

from engine.records import InputSpec

DEFAULT_INPUT: Final[InputSpec] = InputSpec(size=48, channels=1, mean=(0.5,), std=(0.25,))
"""48x48 grey. FER2013's training pictures have mean 0.508 and standard deviation 0.255; round figures serve as well."""

IMAGENET_INPUT: Final[InputSpec] = InputSpec(
    size=224, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""What networks that begin with ImageNet weights expect."""


class Explained(Protocol):
    """What explaining and analysing need of a model, which is an ``nn.Module`` in eval mode besides.

    Its gates pass through :class:`engine.models.taps.AttentionTap`; it may have none.

    Attributes:
        explained_layers: names of the layers that a map can be taken at, from the picture towards the answer; the last
            is the default.
    """

    explained_layers: tuple[str, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, C, H, W) to logits (B, K)."""
        ...

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output (B, C', h, w) is the layer's feature map on its full grid.

        Raises:
            UnknownNameError: it is none of ``explained_layers``.
        """
        ...


def explained(model: nn.Module) -> Explained:
    """Return the same model as what explaining needs of it, which every network here and every adopted one fulfils."""
    return cast("Explained", model)


@dataclass(frozen=True)
class Part:
    """How an architecture is left without one of its parts.

    Attributes:
        plainer: the architecture that is left, where it is another one; then ``off`` is empty.
        off: switches of the config that are turned off, where it stays the same.
        takes: entries of the config that only this part takes, and that go with it.
    """

    plainer: str = ""
    off: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """A network that can be built, trained, explained and compared.

    Attributes:
        build: makes it untrained, ``build(classes=K, size=S, channels=C, **config)``; it fulfils :class:`Explained`.
        attention: what it weighs, in the words of a table of models.
        family: models of one family differ in their attention alone, so that a comparison says what that does.
        input: what it takes where nothing else is asked for.
        any_size: whether its weights fit pictures of any size (else a dense layer or positions belong to one), as
            training on small pictures first needs.
        imagenet: whether a part of it can begin with ImageNet weights (``pretrained`` in the config).
        takes_hints: whether training can draw its features towards those of a four-block net.
        answers: each further answer that its ``parts(x)`` gives and a recipe may weigh, with the config's switch
            without which there is none.
        parts: what an ablation can leave out, by name.
    """

    build: Callable[..., nn.Module]
    attention: str
    family: str
    input: InputSpec = DEFAULT_INPUT
    any_size: bool = False
    imagenet: bool = False
    takes_hints: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)

    def model(self, *, classes: int, spec: InputSpec, **config: Any) -> nn.Module:
        """Return an untrained model with ``classes`` logits for pictures of ``spec``."""
        return self.build(classes=classes, size=spec.size, channels=spec.channels, **config)
