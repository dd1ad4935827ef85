"""A small analysed store: untrained models on a few drawn faces, so that what a page shows can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.data.dataset import FaceDataset
from engine.data.drawn import synthetic_face, synthetic_id
from engine.labels import EMOTIONS
from engine.models.checkpoint import load_checkpoint
from tests.dashboard.made import write_seeded

FACES = 35


def few_faces(name: str = "synthetic") -> FaceDataset:
    """Return the first faces of the built-in test split, five a class, under a dataset's name."""
    ids = tuple(synthetic_id("test", index) for index in range(FACES))
    images = np.stack([synthetic_face(face_id).image for face_id in ids])
    labels = np.arange(FACES, dtype=np.int64) % len(EMOTIONS)
    return FaceDataset(name, "test", EMOTIONS, images, labels, ids, np.arange(FACES, dtype=np.int64))


def write_analysed(folder: Path, *, absent: bool = False) -> None:
    """Write ``baseline`` and ``cbam``, analysed on built-in faces, and ``spatial``, which is not analysed.

    ``absent`` adds an analysis of cbam under FER2013's name, whose pictures are nowhere.
    """
    for model in ("baseline", "cbam", "spatial"):
        write_seeded(folder, model)
        datasets = (
            () if model == "spatial" else ("synthetic", "fer2013") if absent and model == "cbam" else ("synthetic",)
        )
        for dataset in datasets:
            loaded = load_checkpoint(model, folder=folder)
            out = analysis_folder(folder / model, dataset, "test")
            sweep(loaded.model, loaded.card, few_faces(dataset), out, settings=SweepSettings(batch_size=16), bare=4)
