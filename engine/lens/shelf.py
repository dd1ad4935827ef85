"""Networks of others on the shelf: added from files, renamed, removed, checked; the work behind the page Models.

Only what was brought here may be changed here: a network of others that lies where new checkpoints go. What was
trained, and what came with FERLens, is left alone. Files may come from a browser, so nothing of them is run: a
library's own constructor is called by a name that the library lists, and weights are read as weights, in a process
that then ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.analysis.files.places import analysed_splits
from engine.errors import CheckpointError, DataError, FerLensError, UnknownNameError, UsageError
from engine.lens.check import CheckReport, check
from engine.lens.dropped import Dropped, NamedFile, pictures_on_disk, sort_out, weights_on_disk
from engine.lens.importing import Request, carry_out_apart
from engine.lens.known import ATTENTION, check_known
from engine.lens.lens import place_for
from engine.models.checkpoint import checkpoint_names, load_checkpoint, read_card, update_card
from engine.places import checkpoint_path, writable_checkpoints
from engine.predict.face_model import FaceModel
from engine.records import Domain, Fit, RunCard
from engine.writing.held import held
from engine.writing.whole import remove_folder, whole_folder

LONGEST_NAME: Final = 100
SECONDS: Final = 600.0
"""For building, filling and storing a network; a ResNet50 takes twenty on two cores."""


@dataclass(frozen=True)
class NewNetwork:
    """What is said of a network that is to be added.

    Attributes:
        name: of its checkpoint.
        source: ``timm:NAME`` or ``torchvision:NAME``; not used for an exported network, whose card says all the rest.
        classes: K names in the order of the outputs.
        size, mean, std: as words (``48x48x1``, ``.5``); empty for the library's own.
        fit, domain: of the input. attention: built into a timm ResNet's blocks, of :data:`ATTENTION`, or empty.
    """

    name: str
    source: str = ""
    classes: tuple[str, ...] = ()
    size: str = ""
    mean: str = ""
    std: str = ""
    fit: Fit | str = ""
    domain: Domain = "faces"
    attention: str = ""


@dataclass(frozen=True)
class Added:
    """What came of it.

    Attributes:
        card: the new checkpoint's.
        input_from: where the input's figures come from that were not named. left_out: files that were not needed.
        report: what the check found, or None. problem: why there is no check though one was asked for; else empty.
    """

    card: RunCard
    input_from: str = ""
    left_out: tuple[str, ...] = ()
    report: CheckReport | None = None
    problem: str = ""


def class_names(words: str) -> tuple[str, ...]:
    """Read class names, with commas between or one a line.

    Raises:
        UsageError: fewer than two, or two that are the same.
    """
    names = tuple(name.strip() for name in words.replace("\n", ",").split(",") if name.strip())
    if len(names) < 2 or len(set(names)) != len(names):
        raise UsageError(
            f"Expected two or more distinct class names in the order of the outputs, got {len(names)}; name them with "
            "commas between."
        )
    return names


def may_change(card: RunCard) -> bool:
    """Whether a network may be renamed, removed and replaced: one of others, where new checkpoints go, and no link."""
    place = writable_checkpoints() / card.name
    return card.is_adopted and checkpoint_path(card.name) == place and place.is_dir() and not place.is_symlink()


def checked_name(name: str) -> Path:
    """Return the folder that a network of this name goes to.

    Raises:
        UsageError: no checkpoint can be called so.
    """
    place = place_for(name.strip()) if not {"/", "\\"} & set(name) else None
    if place is None or len(name) > LONGEST_NAME or place.parent != writable_checkpoints():
        raise UsageError(
            f"Expected a name of 1 to {LONGEST_NAME} characters without slashes, not beginning with a dot, got "
            f"{name[:40]!a}."
        )
    return place


def is_taken(name: str) -> bool:
    """Whether a checkpoint of that name is there, wherever checkpoints are looked for."""
    return name in checkpoint_names() or checkpoint_path(name).exists()


def add(
    files: Sequence[NamedFile], wanted: NewNetwork, *, pictures: NamedFile | None = None, overwrite: bool = False,
    device: str = "cpu",
) -> Added:  # fmt: skip
    """Put a network on the shelf, complete or not at all, and check it where pictures are given.

    Args:
        files: weights, or an exported network; see :mod:`engine.lens.dropped`.
        wanted: what it is.
        pictures: an archive with one folder of pictures a class.
        overwrite: replace a network of that name, its analyses with it; only one that :func:`may_change`.
        device: what the check runs on.

    Raises:
        FerLensError: it cannot be added; what was there is as it was.
    """
    dropped = sort_out(files)
    place = checked_name(wanted.name)
    if is_taken(place.name):
        _check_replaceable(place.name, overwrite=overwrite)
    with held(place):
        if dropped.exported:
            added = _from_export(dropped, place, overwrite=overwrite)
        else:
            added = _from_weights(dropped, place, wanted, overwrite=overwrite)
    if pictures is None:
        return added
    try:
        report = check_on(added.card.name, pictures, device=device)
    except FerLensError as error:
        return replace(added, problem=str(error))
    return replace(added, card=read_card(place), report=report)


def _check_replaceable(name: str, *, overwrite: bool) -> None:
    try:
        card = read_card(checkpoint_path(name))
    except CheckpointError:
        card = None
    if card is None or not may_change(card):
        raise UsageError(
            f"'{name}' is taken by a model that was trained here or came with FERLens, which is not replaced; choose "
            "another name."
        )
    if not overwrite:
        raise CheckpointError(f"There is a network '{name}' already; choose another name, or replace it.")


def _from_weights(dropped: Dropped, place: Path, wanted: NewNetwork, *, overwrite: bool) -> Added:
    check_known(wanted.source)
    classes = class_names(",".join(wanted.classes))
    arguments: dict[str, Any] = {}
    if wanted.attention:
        if wanted.attention not in ATTENTION:
            raise UnknownNameError("attention", wanted.attention, ATTENTION)
        arguments = {"block_args": {"attn_layer": wanted.attention}}
    if dropped.weights is None:
        raise UsageError("Expected a file of weights; drop one.")
    with weights_on_disk(dropped.weights) as file:
        request = Request(
            source=wanted.source, weights=str(file), weights_name=dropped.weights.shown, classes=classes,
            place=str(place.absolute()), size=wanted.size, mean=wanted.mean, std=wanted.std, fit=wanted.fit,
            domain=wanted.domain, arguments=arguments, overwrite=overwrite,
        )  # fmt: skip
        done = carry_out_apart(request, seconds=SECONDS)
    return Added(done.card, done.input_from)


def _from_export(dropped: Dropped, place: Path, *, overwrite: bool) -> Added:
    place.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(place, replace=overwrite) as part:
        for name, data in dropped.exported.items():
            (part / name).write_bytes(data)
        try:
            card = read_card(part)
            if not card.is_adopted:
                raise UsageError(
                    f"Expected the card of an exported network of others, got one of a '{card.architecture[:40]}'; put "
                    "that folder among the checkpoints by hand."
                )
            if card.is_live:
                raise UsageError(
                    "This card is of a live network, whose code would run; no code comes in through a page. Import it "
                    "with python -m engine import."
                )
            load_checkpoint(part.absolute())  # graph and weights are what the card says, and fit each other
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(f"'{part.name}'", f"'{place.name}'")) from error
    return Added(read_card(place), left_out=dropped.left_out)


def check_on(name: str, pictures: NamedFile, *, device: str = "cpu") -> CheckReport:
    """Measure a network on an archive of pictures, one folder a class, and keep the figures on its card.

    Raises:
        DataError: no such pictures, or classes of other names. FerLensError: the model cannot be loaded.
    """
    with pictures_on_disk(pictures) as folder:
        report = check(FaceModel(name, device=device), folder)
    place = checkpoint_path(name)
    card = read_card(place)
    if not may_change(card):
        return report
    update_card(place, replace(card, metrics={**card.metrics, **report.metrics()}))
    return report


def rename(name: str, new: str) -> RunCard:
    """Give a network another name; its analyses go with it.

    Raises:
        UsageError: it may not be changed here, or the new name cannot be. CheckpointError: that is taken.
    """
    card = _changeable(name)
    place = checked_name(new)
    if is_taken(place.name):
        raise CheckpointError(f"'{place.name}' is taken; choose another name.")
    old = checkpoint_path(card.name)
    with held(old), held(place):
        try:
            old.rename(place)
        except OSError as error:
            raise CheckpointError(f"'{name}' cannot be renamed ({error.strerror}).") from error
    return read_card(place)


def remove(name: str) -> None:
    """Remove a network with all that was computed with it. There is no way back.

    Raises:
        UsageError: it may not be removed here.
    """
    place = checkpoint_path(_changeable(name).name)
    with held(place):
        remove_folder(place)


def analyses_of(name: str) -> int:
    """Return how many analyses lie in a model's folder."""
    place = checkpoint_path(name)
    try:
        return len(analysed_splits(place.parent, (name,)))
    except DataError:
        return 0


def _changeable(name: str) -> RunCard:
    if name not in checkpoint_names():
        raise UnknownNameError("model", name, checkpoint_names())
    card = read_card(checkpoint_path(name))
    if not may_change(card):
        raise UsageError(
            f"'{name}' was trained here or came with FERLens; only networks that were added can be changed here."
        )
    return card
