"""The caching code of the Models page: what is inside each model, and whether the shelf may be changed here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import streamlit as st

from engine.analysis.model_card.blocks import ModelCard
from engine.errors import FerLensError
from engine.models.adopted.trust_code import closed, is_trusted
from engine.models.inventory import Inside, inside
from engine.places import CHANGING_VARIABLE, checkpoint_path
from engine.records import RunCard

FILES_COUNTED = ("weights.safetensors", "graph.json", "code.json", "card.json")


@dataclass(frozen=True)
class Shelved:
    """A model on the shelf.

    Attributes:
        card: its card. found: what is inside, or None. problem: why it is not, or why the model is not opened here.
        size: bytes of its files, without analyses.
    """

    card: RunCard
    found: Inside | None
    problem: str
    size: int


@st.cache_data(show_spinner=False, max_entries=256)
def _inside(name: str, sha256: str, config: str, _card: RunCard) -> Inside | str:  # noqa: ARG001  # the keys
    try:
        return inside(_card)
    except FerLensError as error:
        return f"'{name}' cannot be built: {error}"


def shelved(card: RunCard) -> Shelved:
    """Look a model over; one that cannot be built is told of and hides no other."""
    found = _inside(card.name, card.weights_sha256, str(card.config), card)
    problem = found if isinstance(found, str) else ""
    if card.is_live and not is_trusted(card):
        problem = closed(card)
    return Shelved(card, None if isinstance(found, str) else found, problem, _size(checkpoint_path(card.name)))


def document(card: RunCard) -> ModelCard:
    """Return a model's card in the field's usual form; it is made again when anything in its folder changes.

    Raises:
        FerLensError: what is stored cannot be read.
    """
    place = checkpoint_path(card.name)
    kept = [place / "card.json", *sorted((place / "analysis").rglob("*.*"))]
    stamps = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in kept if file.is_file())
    return _document(card.name, card.weights_sha256, stamps)


@st.cache_data(show_spinner=False, max_entries=32)
def _document(name: str, sha256: str, stamps: tuple[tuple[str, int, int], ...]) -> ModelCard:  # noqa: ARG001  # the keys
    from engine.analysis.model_card.compose import model_card  # brings the store

    return model_card(checkpoint_path(name))


def _size(folder: Path) -> int:
    files = [folder / name for name in FILES_COUNTED]
    return sum(file.stat().st_size for file in files if file.is_file())


def may_change_the_shelf() -> bool:
    """Whether visitors may change the shelf: as this server was told, else only where it serves this machine alone."""
    said = os.environ.get(CHANGING_VARIABLE, "")
    if said:
        return said == "yes"
    address = str(st.get_option("server.address") or "")
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
