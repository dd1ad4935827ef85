"""A store with names of a model, a class and a picture that would be an image, a link and bold, were they not text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.data.dataset import FaceDataset
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import load_checkpoint, write_checkpoint
from engine.models.registry import build_model
from tests.dashboard.made import ROOT
from tests.dashboard.made_analysis import few_faces

HOST: Final = "hostile.invalid"
"""A host that nobody may ask for anything."""
NAME: Final = f"![m](http://{HOST}/b.png) **sign in** <img src=http://{HOST}/c.png> :red[x] :smile: $y$ %{{x}}"
"""What a class, a picture or a file is called. Each of its parts would be drawn as something else."""
MODEL: Final = "**sign in** <b>x ![m](www.hostile.invalid) :red[x] :smile: $y$"
"""What a folder can be called, in which no slash stands."""
CLASSES: Final = (*EMOTIONS[:6], NAME)
SIGNS: Final = ("**sign", "![m]", "<img", "<b>x", ":red[", ":smile:", "$y$")
"""What shows that a name was not made harmless in Markdown."""
TAGS: Final = ("<img", "<b>x")
"""What shows it in HTML and in charts."""


def parameters() -> tuple[str, ...]:
    """Return every word of the pages' sources that may be a parameter of an address, and some that are none."""
    words = set()
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        words |= {*re.findall(r"""^[A-Z_]+: Final(?:\[str\])? = "([a-z_]+)"$""", source, re.MULTILINE)}
        words |= {*re.findall(r"""(?:in_address\(|key=)"([a-z_]+)\"""", source)}
    return tuple(sorted(words))


def hostile_faces(name: str = "synthetic") -> FaceDataset:
    """Return the first built-in faces, one class and one picture of which have a hostile name."""
    faces = replace(few_faces(name), classes=CLASSES)
    # The built-in faces are drawn by their ids, which no other name can stand for.
    return faces if name == "synthetic" else replace(faces, ids=(NAME, *faces.ids[1:]))


def write_hostile(folder: Path) -> None:
    """Write the model ``MODEL`` and ``cbam``, both with ``CLASSES``, and an analysis of each."""
    for number, name in enumerate((MODEL, "cbam")):
        torch.manual_seed(number)
        model = build_model("cbam", classes=len(CLASSES), spec=DEFAULT_INPUT)
        with torch.no_grad():
            for _ in range(3):
                model(torch.randn(16, 1, 48, 48))
            model.get_parameter("output.weight").mul_(20)
        card = {
            "architecture": "cbam",
            "config": {},
            "classes": CLASSES,
            "input": DEFAULT_INPUT,
            "recipe": {"name": NAME},
            "data": {"dataset": NAME},
            "metrics": {f"fer2013/{NAME}/single": {"n": 9, "accuracy": 0.5, "macro_f1": 0.5, "interval": [0.4, 0.6]}},
            "notes": [NAME],
        }
        write_checkpoint(folder / name, model, card)
        loaded = load_checkpoint(name, folder=folder)
        for dataset in ("synthetic", "fer2013"):
            out = analysis_folder(folder / name, dataset, "test")
            sweep(loaded.model, loaded.card, hostile_faces(dataset), out, settings=SweepSettings(batch_size=16), bare=4)
