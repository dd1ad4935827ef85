"""A network of others in hand: its gates, layers, answers and explanations, in one call and without editing it.

>>> lens = ferlens.open(net, classes=["angry", ...], input=ferlens.Input(48, 1, mean=.5, std=.5))  # doctest: +SKIP
>>> lens.explain("photo.jpg")  # draws itself in a notebook  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from torch import nn

from engine.errors import NetworkError, UsageError
from engine.explain.methods.method import Setup
from engine.explain.target import Target
from engine.lens.check import CheckReport, check
from engine.lens.input import Input
from engine.lens.shown import ShownExplanation, findings_html
from engine.lens.sources import is_code
from engine.media.faces import FaceDetector
from engine.media.pictures import PictureSource
from engine.models.adopted.findings import Findings, FoundGate, described
from engine.models.adopted.keep import Corrected, Origin, keep, keep_live
from engine.models.adopted.network import AdoptedNetwork, adopt, unwrapped
from engine.models.card_rules import check_card
from engine.models.checkpoint import LoadedModel, library_versions
from engine.models.registry import count_parameters
from engine.places import writable_checkpoints
from engine.predictor import EmotionPredictor
from engine.records import ADOPTED, Domain, InputSpec, PicturePrediction, RunCard
from engine.training.device import choose_device

LIVE_OFFER: Final = (
    " With --live of import, or save(..., live='FILE.py:CLASS'), it is kept by its code instead, which then runs at "
    "every start that is told to trust it."
)
"""What is offered where a network cannot be stored without its code."""
LONGEST_NAME: Final = 128
"""Bytes of a checkpoint's name: a folder may be called so with a temporary name's ending."""


class Lens:
    """A network that was opened; safe to share between threads. Made by :func:`open_network`.

    Attributes:
        model: the network with its taps; the network itself is ``model.net``, unchanged.
        predictor: what the rest of FERLens holds.
    """

    def __init__(
        self,
        model: AdoptedNetwork,
        card: RunCard,
        origin: Origin,
        predictor: EmotionPredictor,
        corrected: Corrected | None = None,
    ) -> None:
        self.model = model
        self.card = card
        self.predictor = predictor
        self._origin = origin
        self._corrected = corrected or Corrected()

    @property
    def findings(self) -> Findings:
        """Gates, candidates, what was left out and why, layers."""
        return self.model.findings

    @property
    def gates(self) -> tuple[FoundGate, ...]:
        """The gates, in forward order."""
        return self.findings.gates

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that can be explained, from the picture towards the answer; the last is the default."""
        return self.model.explained_layers

    @property
    def classes(self) -> tuple[str, ...]:
        """K names, in the order of the network's outputs."""
        return self.card.classes

    def predict(self, image: PictureSource, *, whole: bool = False) -> PicturePrediction:
        """Classify a picture; see :meth:`engine.predictor.EmotionPredictor.predict`."""
        return self.predictor.predict(image, whole=whole)

    def explain(
        self,
        image: PictureSource,
        *,
        method: str | Sequence[str] = "gradcam",
        layer: str | None = None,
        target: str | Target | None = None,
        truth: str | None = None,
        setup: Setup | None = None,
        whole: bool = False,
    ) -> ShownExplanation:
        """Explain a picture: its answer, every gate and a map by each method, from one forward and one backward pass.

        Args:
            image: a path, the file's bytes, a PIL image, or an RGB array.
            method, layer, target, truth, setup, whole: see :meth:`engine.predictor.EmotionPredictor.explain`.
        """
        found = self.predictor.explain(
            image, layer=layer, target=target, truth=truth, method=method, setup=setup, whole=whole
        )
        return ShownExplanation(**vars(found))

    def check(self, data: str | Path) -> CheckReport:
        """Measure the network on a folder with one folder of pictures a class; see :mod:`engine.lens.check`."""
        if not isinstance(data, (str, Path)):
            raise UsageError(f"Expected a folder with one folder of pictures a class, got {data!r:.60}.")
        return check(self.predictor, data)

    def save(
        self,
        name: str | Path,
        *,
        check: CheckReport | None = None,
        overwrite: bool = False,
        live: str = "",
        arguments: Mapping[str, Any] | None = None,
    ) -> RunCard:
        """Write the network as a checkpoint that needs none of its code, for every command and page.

        Args:
            name: of the checkpoint, or the path of a new folder.
            check: what :meth:`check` gave, for the card.
            overwrite: replace a checkpoint of that name.
            live: ``FILE.py:CLASS`` that builds it: where it cannot be stored without its code, it is kept by that
                file's path and sha256, and opens where the start was told to trust it. arguments: of that class.

        Raises:
            NetworkError: it cannot be stored without its code, or not by it. CheckpointError: there is one of that
                name.
        """
        if not isinstance(check, (CheckReport, type(None))):
            raise UsageError(f"Expected check=lens.check(FOLDER), what a check gave, got {check!r:.60}.")
        place, metrics = place_for(name), {} if check is None else check.metrics()
        spec, domain = self.card.input, self.card.domain
        try:
            card, _ = keep(
                place, self.model, classes=self.classes, spec=spec, domain=domain, origin=self._origin,
                metrics=metrics, overwrite=overwrite,
            )  # fmt: skip
        except NetworkError as error:
            if not live:
                raise NetworkError(f"{error}{LIVE_OFFER if is_code(self._origin.source) else ''}") from error
            card = keep_live(
                place, self.model, live, arguments or {}, corrected=self._corrected, classes=self.classes, spec=spec,
                domain=domain, origin=self._origin, metrics=metrics, overwrite=overwrite,
            )  # fmt: skip
        return card

    def __repr__(self) -> str:
        """Return what was found, in lines."""
        spec = self.card.input
        taken = f"{spec.height} x {spec.width} x {spec.channels}"
        return f"{self.card.name}: {len(self.classes)} classes, {taken}\n{self.findings.describe()}"

    def _repr_html_(self) -> str:
        """Show itself, for notebooks."""
        title, _, lines = repr(self).partition("\n")
        return findings_html(title, lines)


def place_for(name: str | Path) -> Path:
    """Return the folder that a checkpoint of this name, or path, is written to.

    Raises:
        UsageError: no folder can be called so.
    """
    text = str(name)
    if "/" in text or "\\" in text or isinstance(name, Path):
        check_name(Path(name).absolute().name)
        return Path(name)
    check_name(name)
    return writable_checkpoints() / text


def check_name(name: object) -> None:
    """Check that a network can be called so: a checkpoint's folder is.

    Raises:
        UsageError: no folder can be called so.
    """
    text = str(name)
    if (
        not isinstance(name, str)
        or not text
        or text.startswith(".")
        or {"/", "\\"} & set(text)
        or not text.isprintable()
        or len(text.encode()) > LONGEST_NAME
    ):
        raise UsageError(f"Expected a name for the checkpoint that a folder can have, got {text[:80]!a}.")


def open_network(  # noqa: PLR0913 - all but the first three have defaults
    model: nn.Module,
    *,
    classes: Sequence[str],
    input: Input | InputSpec,  # noqa: A002 - the word that a caller reads
    domain: Domain = "faces",
    name: str = "network",
    gates: Sequence[str] = (),
    no_gates: Sequence[str] = (),
    layer: str | None = None,
    device: str = "cpu",
    detector: FaceDetector | None = None,
    origin: Origin | None = None,
) -> Lens:
    """Open any PyTorch classifier: find its gates and layers, and let it be asked and explained like FERLens's own.

    Args:
        model: an ``nn.Module`` with its weights; it is put into eval mode and otherwise left as it is.
        classes: K names, in the order of its outputs.
        input: what pictures it takes, as they were in its training.
        domain: ``faces``: faces are looked for in a picture and cut out; ``pictures``: pictures are taken whole.
        name: what to call it.
        gates, no_gates, layer: correct what is found, see :meth:`engine.models.adopted.findings.Findings.corrected`.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        detector: finds faces; None for the usual one.
        origin: where it comes from, for its card; None names its class.

    Raises:
        NetworkError: it does not take such pictures, or is no classifier of one class a picture.
        UsageError: an input, name, class, gate or layer that cannot be.
    """
    if not isinstance(model, nn.Module):
        raise UsageError(f"Expected a PyTorch nn.Module, got a {type(model).__name__}; build the network first.")
    if domain not in ("faces", "pictures"):
        raise UsageError(f"Expected a domain among faces and pictures, got '{domain}'.")
    if not isinstance(input, (Input, InputSpec)):
        raise UsageError(
            f"Expected input=ferlens.Input(48, 1, mean=0.5, std=0.5), what it was trained with, got {input!r:.60}."
        )
    check_name(name)
    spec = input.spec() if isinstance(input, Input) else input
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise UsageError(f"Expected classes as a list of names in the order of the outputs, got {classes!r:.60}.")
    names = tuple(map(str, classes))
    gates, no_gates, named = _listed(gates), _listed(no_gates), _listed(layer)
    live = adopt(unwrapped(model).to(choose_device(device)), spec, names)
    if gates or no_gates or named:
        found = live.findings.corrected(gates=gates, no_gates=no_gates, layer=layer)
        live = AdoptedNetwork(live.net, found, live.answer, live.classes).eval()
    source = origin or Origin(type(live.net).__name__)
    card = _card(live, name, names, spec, domain, source)
    predictor = EmotionPredictor(LoadedModel(live, card), detector=detector)
    return Lens(live, card, source, predictor, Corrected(tuple(gates), tuple(no_gates), layer))


def _listed(names: object) -> tuple[str, ...]:
    """Return names as they were listed; a single one may stand without a list, None for none."""
    listed = () if names is None else (names,) if isinstance(names, str) else names
    if not isinstance(listed, Iterable) or not all(isinstance(name, str) for name in listed):
        raise UsageError(f"Expected gates and layers by their names, as the lens lists them, got {names!r:.60}.")
    return tuple(listed)


def _card(
    live: AdoptedNetwork, name: str, classes: tuple[str, ...], spec: InputSpec, domain: Domain, origin: Origin
) -> RunCard:
    """Return the card of a network that is not stored."""
    digest = _digest(live.net)
    said: dict[str, Any] = {"graph_sha256": digest, **described(live.findings)}
    try:
        card = RunCard(
            name=name, architecture=ADOPTED, config=said, classes=classes, input=spec, recipe={}, data={}, metrics={},
            versions=library_versions(), weights_sha256=digest, parameters=count_parameters(live.net), domain=domain,
            origin=origin.as_dict(),
        )  # fmt: skip
        check_card(card)
    except ValueError as error:
        raise UsageError(f"The network cannot be opened so: {error}.") from error
    return card


def _digest(net: nn.Module) -> str:
    """Return a sha256 of the weights, by which what was computed with them is known again."""
    found = hashlib.sha256()
    for key, value in net.state_dict().items():
        found.update(key.encode())
        found.update(value.detach().cpu().contiguous().flatten().float().numpy().tobytes())
    return found.hexdigest()
