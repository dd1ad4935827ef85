"""Enhance faces as a model's training pictures were, where its card says that they were."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch

from engine.data.enhance.enhance import Enhancer
from engine.data.enhance.networks import ROLES, Network, Tiling, find_network, load_network
from engine.errors import CheckpointError, NetworkFileError
from engine.media.faces import to_model_input
from engine.records import RunCard, UInt8

VARIABLE: Final = "FERLENS_ENHANCERS"
"""Names a folder with the user's network files, which are known by their sha256 whatever they are called."""


class FaceEnhancer:
    """Brings a face to what the training pictures were before they were enhanced, and enhances it.

    Args:
        enhancer: the networks.
        side: of the training pictures in pixels, None where they had several sizes: a face then keeps its own.
        grey: whether all of them were grey.
    """

    def __init__(self, enhancer: Enhancer, *, side: int | None, grey: bool) -> None:
        self.enhancer = enhancer
        self.side = side
        self.grey = grey

    def __call__(self, crops: Sequence[UInt8]) -> list[UInt8]:
        """Enhance crops (H, W, 3) uint8; see :class:`engine.data.enhance.enhance.Enhancer` for what comes back."""
        return self.enhancer([self._as_source(crop) for crop in crops])

    def _as_source(self, crop: UInt8) -> UInt8:
        return to_model_input(crop, self.side or max(crop.shape[:2]), 1 if self.grey else 3)


def face_enhancer(
    card: RunCard, folder: str | Path | None = None, *, device: torch.device | str = "cpu"
) -> FaceEnhancer | None:
    """Return what the card's model needs done to a face; None where it was trained on pictures as they were.

    Args:
        card: of the model.
        folder: holds the network files; None for the variable :data:`VARIABLE`.
        device: where to compute.

    Raises:
        NetworkFileError: a file is not there. CheckpointError: the card is damaged.
        MissingExtraError: spandrel is not installed.
    """
    entry = card.data.get("enhancement")
    if entry is None:
        return None
    try:
        wanted = [(network["role"], network["sha256"], network["file"]) for network in entry["networks"]]
        tiling = Tiling(entry["tile"], entry["overlap"])
        sides = entry["source"]["height"], entry["source"]["width"]
        grey = bool(entry["source"]["grey"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"The card of '{card.name}' does not say how to enhance; fetch the folder again."
        ) from error
    named = folder or os.environ.get(VARIABLE)
    networks = {role: _network(card.name, role, sha256, file, named) for role, sha256, file in wanted}
    enhancer = Enhancer(networks.get("sr"), networks.get("color"), tiling=tiling, device=device)
    return FaceEnhancer(enhancer, side=None if None in sides else max(sides), grey=grey)


def _network(model: str, role: Any, sha256: str, file: str, named: str | Path | None) -> Network:
    if role not in ROLES:
        raise CheckpointError(f"The card of '{model}' names no way to enhance ('{role}'); fetch the folder again.")
    place = Path(named) if named else None
    path = find_network(sha256, place) if place is not None and place.is_dir() else None
    if path is None:
        looked = f"'{place.name}' has no such file" if place else "no folder is named"
        raise NetworkFileError(
            f"'{model}' was trained on pictures enhanced by {ROLES[role].architecture} from '{file}' (sha256 "
            f"{sha256[:12]}...), but {looked}; put the file into a folder and name that with the variable {VARIABLE}, "
            "with --enhancers of predict and explain, or with EmotionPredictor(enhancers=...)."
        )
    return load_network(role, path)
