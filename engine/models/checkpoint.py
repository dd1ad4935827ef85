"""Checkpoints: a folder with ``weights.safetensors`` and ``card.json``, complete or absent, never silently overwritten.

Nothing here unpickles. The card holds the sha256 of the weights file, so one changed byte is noticed before use.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from engine.documents import BAD_VALUES, read_document
from engine.errors import CheckpointError, UnknownNameError
from engine.models.adopted.reopen import opened_live, reopened
from engine.models.adopted.trust_code import closed, is_trusted
from engine.models.card_rules import check_card
from engine.models.registry import build_model
from engine.places import checkpoint_path, checkpoint_places
from engine.records import CARD_FORMAT, InputSpec, RunCard
from engine.writing.whole import whole_file, whole_folder

DEFAULT_MODEL: Final[str] = "cbam"
MANY_WEIGHTS: Final = 20_000_000
WEIGHTS: Final[str] = "weights.safetensors"
CARD: Final[str] = "card.json"
_STORED: Final = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.int32, torch.bool}
_REASON: Final = 200  # characters of what is wrong, in a message


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model in eval mode on its device, and its card."""

    model: nn.Module
    card: RunCard


def checkpoint_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of the checkpoints in ``folder`` (default: in all of :func:`checkpoint_places`), sorted."""
    return tuple(sorted({path.name for path in _folders(folder) if path.name.isprintable()}))


def find_checkpoint(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """Return the folder of a checkpoint given by name or path.

    Raises:
        UnknownNameError: there is none of that name; the message lists those there are.
        CheckpointError: the folder is there and its card is not.
    """
    text = str(name_or_path)
    direct = Path(text)
    if os.sep in text or text.startswith("."):
        if not (direct / CARD).is_file():
            raise CheckpointError(f"'{direct.name}' is no checkpoint folder: it has no {CARD}.")
        return direct
    path = checkpoint_path(text, folder)
    if not path.is_dir():
        raise UnknownNameError("model", text, checkpoint_names(folder))
    if not (path / CARD).is_file():
        raise CheckpointError(f"Checkpoint '{text}' has no {CARD}; train it again or fetch the folder again.")
    return path


def read_card(path: Path) -> RunCard:
    """Read and validate ``card.json`` of the checkpoint folder ``path``.

    Raises:
        CheckpointError: there is none, or it says what no card may (see :mod:`engine.models.card_rules`).
    """
    try:
        document = read_document(path / CARD)
        _check_format(path.name, document.get("format", CARD_FORMAT))
        spec, classes = document.pop("input"), document["classes"]
        if not isinstance(classes, list):
            raise TypeError("expected the classes as a list")
        card = RunCard(
            **{
                **document,
                "name": path.name,
                "classes": tuple(classes),
                "notes": tuple(document.get("notes", ())),
                "input": InputSpec(**{**spec, "mean": tuple(spec["mean"]), "std": tuple(spec["std"])}),
            }
        )
        check_card(card)
    except FileNotFoundError as error:
        raise CheckpointError(f"Checkpoint '{path.name}' has no {CARD}; fetch the folder again.") from error
    except BAD_VALUES as error:
        reason = f"it has no '{error.args[0]}'" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(
            f"The card of '{path.name}' is damaged ({reason[:_REASON]}); fetch the folder again."
        ) from error
    return card


def _check_format(name: str, version: object) -> None:
    if version != CARD_FORMAT:
        raise CheckpointError(
            f"The card of '{name}' is of format {str(version)[:20]}, and this FERLens reads format {CARD_FORMAT}; get "
            "a newer FERLens, or make the checkpoint again with this one."
        )


def list_checkpoints(folder: Path | None = None) -> tuple[RunCard, ...]:
    """Return the cards of all checkpoints, sorted by name. Raises CheckpointError where one is damaged."""
    return tuple(read_card(checkpoint_path(name, folder)) for name in checkpoint_names(folder))


@dataclass(frozen=True)
class Survey:
    """The checkpoints found: the cards of those that can be used, and a sentence for each that cannot."""

    cards: tuple[RunCard, ...]
    problems: tuple[str, ...]


def survey_checkpoints(folder: Path | None = None) -> Survey:
    """Read the cards of all checkpoints, sorted by name; one odd folder costs no other."""
    cards, problems = [], list(_unnamable(folder))
    for name in checkpoint_names(folder):
        try:
            cards.append(read_card(checkpoint_path(name, folder)))
        except CheckpointError as error:
            problems.append(str(error))
    return Survey(tuple(cards), tuple(problems))


def card_stamps(folder: Path | None = None) -> tuple[tuple[str, int], ...]:
    """Return (name in ASCII, when its card changed, in ns) of all checkpoints, odd ones too: equal while none did."""
    stamps = []
    for one in _folders(folder):
        try:
            changed = (one / CARD).stat().st_mtime_ns
        except OSError:
            changed = 0
        stamps.append((ascii(one.name), changed))
    return tuple(stamps)


def _folders(folder: Path | None) -> Iterator[Path]:
    """Yield whatever has a card; hidden folders are unfinished work."""
    for place in checkpoint_places() if folder is None else (folder,):
        try:
            inside = sorted(place.iterdir()) if place.is_dir() else []
            yield from (one for one in inside if not one.name.startswith(".") and os.path.lexists(one / CARD))
        except OSError:  # a place that may not be looked into has nothing to offer
            continue


def _unnamable(folder: Path | None) -> Iterator[str]:
    for one in _folders(folder):
        if not one.name.isprintable():
            yield (
                f"A folder among the checkpoints is called {ascii(one.name)[:_REASON]}, which cannot be printed; "
                "rename it."
            )


def file_sha256(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@torch.inference_mode(False)
def load_checkpoint(
    name_or_path: str | Path,
    *,
    folder: Path | None = None,
    device: torch.device | str = "cpu",
    trust_code: bool = False,
) -> LoadedModel:
    """Rebuild a checkpoint's model in eval mode, float32.

    Args:
        name_or_path, folder: see :func:`find_checkpoint`.
        device: where it goes.
        trust_code: of a live network: its code may run here, though this process was not started so.

    Raises:
        UnknownNameError: no such checkpoint.
        CheckpointError: the card is damaged, the weights are missing, changed, do not fit the card, or hold NaN; or it
            is a live network whose code is not trusted, or changed.
    """
    path = find_checkpoint(name_or_path, folder)
    card = read_card(path)
    if card.is_live and not (trust_code or is_trusted(card)):
        raise CheckpointError(closed(card))
    weights = path / WEIGHTS
    if not weights.is_file():
        raise CheckpointError(f"Checkpoint '{card.name}' has no {WEIGHTS}; fetch the folder again.")
    try:
        if file_sha256(weights) != card.weights_sha256:
            raise CheckpointError(
                f"The weights of '{card.name}' are not the ones its card describes (sha256 differs); "
                "fetch the folder again."
            )
        tensors = load_file(weights)
    except (SafetensorError, OSError, RuntimeError, MemoryError, *BAD_VALUES) as error:
        reason = str(error).replace(str(weights), WEIGHTS)[:_REASON]
        raise CheckpointError(f"The weights of '{card.name}' are no safetensors file ({reason}).") from error
    if card.is_adopted:
        others = (opened_live if card.is_live else reopened)(path, card, tensors)
        return LoadedModel(others.to(device).eval(), card)
    for key, value in tensors.items():
        if value.dtype not in _STORED:
            raise CheckpointError(
                f"Expected weights of '{card.name}' as float16, bfloat16, float32 or float64, but '{key[:_REASON]}' is "
                f"{str(value.dtype).removeprefix('torch.')}; save them as float16."
            )
    broken = [key for key, value in tensors.items() if value.is_floating_point() and not bool(value.isfinite().all())]
    if broken:
        raise CheckpointError(f"The weights of '{card.name}' hold NaN or infinity in '{broken[0]}'; train it again.")
    model = build_model(card.architecture, classes=len(card.classes), spec=card.input, config=card.config)
    try:
        model.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
        )
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights of '{card.name}' do not fit the '{card.architecture}' that its card describes; "
            "fetch the folder again."
        ) from error
    model.to(device).eval()
    return LoadedModel(model, card)


def half_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return the state as fp16 (matrices and kernels) and fp32 (vectors and BatchNorm statistics), on the CPU.

    fp16 halves the file; vectors are few and statistics can exceed fp16's range, so they stay. Of a net with more than
    ``MANY_WEIGHTS`` the fp16 numbers keep bf16's 8 significant bits, with which it was trained: compressed, as in a
    repository, the file is then a sixth shorter.
    """
    many = sum(p.numel() for p in model.parameters()) > MANY_WEIGHTS

    def stored(value: Tensor) -> Tensor:
        if not value.is_floating_point() or value.ndim <= 1:
            return value
        return (value.bfloat16() if many else value).half()

    return {key: stored(value).detach().cpu().contiguous().clone() for key, value in model.state_dict().items()}


def library_versions() -> dict[str, str]:
    """Return the versions that a result may depend on."""
    versions = {"python": platform.python_version()}
    for package in ("torch", "torchvision", "numpy", "captum"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise CheckpointError(f"Checkpoint '{path.name}' exists already; choose another --out, or remove it first.")


def write_checkpoint(
    path: Path,
    model: nn.Module,
    card: dict[str, Any],
    *,
    tensors: dict[str, Tensor] | None = None,
    files: Mapping[str, bytes] | None = None,
    history: Path | None = None,
    overwrite: bool = False,
) -> RunCard:
    """Write weights (see :func:`half_weights`), card and history into a temporary folder and rename it to ``path``.

    Args:
        card: the fields of :class:`RunCard` except ``name``, ``weights_sha256``, ``versions`` and ``parameters``.
        tensors: the weights to write in place of the model's halved ones.
        files: name → contents of what else belongs there.
        history: a ``history.csv`` to copy.
        overwrite: replace an existing folder; otherwise that is an error.

    Raises:
        CheckpointError: ``path`` exists and ``overwrite`` is False.
    """
    _refuse_existing(path, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(path, replace=overwrite) as temporary:
        (temporary / WEIGHTS).write_bytes(save(half_weights(model) if tensors is None else tensors))
        for name, contents in (files or {}).items():
            (temporary / name).write_bytes(contents)
        record = RunCard(
            **card,
            name=path.name,
            weights_sha256=file_sha256(temporary / WEIGHTS),
            versions=library_versions(),
            parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        )
        (temporary / CARD).write_text(card_json(record), encoding="utf-8")
        if history is not None:
            shutil.copyfile(history, temporary / "history.csv")
        _refuse_existing(path, overwrite=overwrite)  # again: another process may have been quicker
    return read_card(path)  # as every later reader will see it: JSON has no tuples


def update_card(path: Path, card: RunCard) -> None:
    """Replace ``card.json`` of an existing checkpoint, atomically (after measuring, say)."""
    with whole_file(path / CARD) as part:
        part.write_text(card_json(card), encoding="utf-8")


def card_json(card: RunCard) -> str:
    """Return the card as the JSON text that ``card.json`` holds."""
    return json.dumps(asdict(card), indent=1, sort_keys=True) + "\n"
