"""Where things lie on this machine: checkpoints, what is kept for later, and what came with the package.

Nothing here depends on the folder that a command is started in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

CHECKPOINTS_VARIABLE: Final = "FERLENS_CHECKPOINTS"
CACHE_VARIABLE: Final = "FERLENS_CACHE"
TAGS_VARIABLE: Final = "FERLENS_TAGS"
VIEWS_VARIABLE: Final = "FERLENS_VIEWS"
DATA_VARIABLE: Final = "FERLENS_DATA"
DEVICE_VARIABLE: Final = "FERLENS_DEVICE"
"""Names the device of a process that serves pages, until somebody chooses another there."""
TRUST_VARIABLE: Final = "FERLENS_TRUST_CODE"
"""Names the live networks whose code may run, with commas between; see :mod:`engine.models.adopted.trust_code`."""
CHANGING_VARIABLE: Final = "FERLENS_ALLOW_ADDING"
"""``yes`` or ``no``: whether visitors of the pages may put networks on the shelf and take them off."""
DEFAULT_DATA: Final = "data"
"""Where data sets are looked for where neither an option nor the variable says so."""

CODE: Final = Path(__file__).resolve().parents[1]
"""The folder that holds the packages ``engine`` and ``dashboard``: a checkout, or where packages are installed."""


def checkout() -> Path | None:
    """Return the project's folder where the code runs from one, else None (an installed package)."""
    return CODE if (CODE / "pyproject.toml").is_file() and (CODE / "engine").is_dir() else None


def user_folder() -> Path:
    """Return where an installed FERLens keeps what a person makes: the platform's usual place for a program's data."""
    from platformdirs import user_data_path  # not needed in a checkout, nor where nothing but torch is

    return user_data_path("ferlens", appauthor=False)


def tags_file() -> Path:
    """Return where tags on pictures are kept: ``FERLENS_TAGS``, the checkout's ``tags.csv``, or the user's folder."""
    named = os.environ.get(TAGS_VARIABLE)
    return Path(named) if named else (checkout() or user_folder()) / "tags.csv"


def views_file() -> Path:
    """Return where views that a person saved by name are kept: ``FERLENS_VIEWS``, or ``views.csv`` beside the tags."""
    named = os.environ.get(VIEWS_VARIABLE)
    return Path(named) if named else tags_file().with_name("views.csv")


def cache_folder() -> Path:
    """Return where what can be made again lies: ``FERLENS_CACHE``, the checkout's ``.cache``, or the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    project = checkout()
    if project is not None:
        return project / ".cache"
    from platformdirs import user_cache_path

    return user_cache_path("ferlens", appauthor=False)


def _usual_checkpoints() -> tuple[Path, ...]:
    project = checkout()
    own = (project / "checkpoints",) if project is not None else ()
    return (*own, user_folder() / "checkpoints", CODE / "ferlens" / "checkpoints")


def checkpoint_places() -> tuple[Path, ...]:
    """Return the folders that checkpoints are looked up in, the first that has a name wins.

    The checkout's ``checkpoints/``, the user's own folder, and those that came with the package.
    ``FERLENS_CHECKPOINTS`` names other folders in their place, separated as in ``PATH``; an empty entry there stands
    for the usual ones, so that ``mine:`` looks in ``mine`` first and then where it always does.
    """
    named = os.environ.get(CHECKPOINTS_VARIABLE)
    if not named:
        return _usual_checkpoints()
    places: list[Path] = []
    for entry in named.split(os.pathsep):
        places.extend([Path(entry)] if entry else _usual_checkpoints())
    return tuple(dict.fromkeys(places))


def checkpoint_path(name: str, folder: Path | None = None) -> Path:
    """Return where the checkpoint ``name`` lies, or would lie: in ``folder``, else in the first place that has it."""
    if folder is not None:
        return folder / name
    places = checkpoint_places()
    return next((place / name for place in places if (place / name).is_dir()), places[0] / name)


def writable_checkpoints() -> Path:
    """Return where new checkpoints go: the first of :func:`checkpoint_places` that may be written, made or not."""
    places = checkpoint_places()
    for place in places:
        there = next((folder for folder in (place, *place.parents) if folder.exists()), None)
        if there is not None and there.is_dir() and os.access(there, os.W_OK):
            return place
    return places[0]
