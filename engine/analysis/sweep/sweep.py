"""One pass over a data set: what a model answers for each picture and where it looks, written to disk as it goes.

The data set is cut into fixed blocks. Each is computed for itself and kept as a part; at the end the parts are merged
in the order of the blocks. So memory does not grow with the number of pictures (but for their labels, ids and
probabilities), a killed run goes on where it was, and any number of processes gives the same result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from threadpoolctl import threadpool_limits
from torch import nn

from engine.analysis.files.places import FORMAT, partial_folder
from engine.analysis.sweep.block import SweepSettings, explained_layer, sweep_block
from engine.analysis.sweep.finish import Timing, finish, refuse_existing
from engine.analysis.sweep.parts import PartsFolder
from engine.data.dataset import FaceDataset
from engine.edit.face_template import REGIONS
from engine.errors import DataError, UnknownNameError
from engine.measure.split import check_classes
from engine.models.architecture import explained
from engine.models.checkpoint import library_versions
from engine.records import RunCard
from engine.training.processes import Processes

Progress = Callable[[int], None]
"""Told how many pictures are done, of those that this process takes."""

BARE_SAMPLE: Final = 1024
"""Pictures that bare inference is timed on, unless all are asked for."""


def sweep(  # noqa: PLR0913 - all but the first four have defaults and are named
    model: nn.Module,
    card: RunCard,
    dataset: FaceDataset,
    out: Path,
    *,
    settings: SweepSettings | None = None,
    overwrite: bool = False,
    processes: Processes | None = None,
    bare: int = BARE_SAMPLE,
    on_start: Callable[[int], None] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any] | None:
    """Analyse a data set into the folder ``out``; go on with an unfinished analysis of the same settings.

    Args:
        model: on its device; its lock is held during each forward pass.
        card: the checkpoint's.
        dataset: at the model's size and channels.
        out: the folder to make, complete or absent.
        settings: default :class:`SweepSettings`.
        overwrite: replace ``out`` at the end.
        processes: the processes that share the work; they must see the same file system.
        bare: how many pictures to time bare inference on at the end.
        on_start: told how many pictures this process has to pass over.
        progress: told after each block how many pictures it had.

    Returns:
        The document of ``report.json``; None in every process but the first.

    Raises:
        UsageError: ``out`` exists. DataError: the classes are not the model's, or there are no pictures.
        UnknownNameError: no such layer.
    """
    chosen = settings or SweepSettings()
    among = processes or Processes()
    check_classes(card, dataset)
    if not len(dataset):
        raise DataError(f"The split '{dataset.split}' of '{dataset.name}' has no pictures; choose another.")
    layers = explained(model).explained_layers
    if chosen.layer is not None and chosen.layer not in layers:
        raise UnknownNameError("layer", chosen.layer, layers)
    refuse_existing(out, overwrite=overwrite)
    metadata = _metadata(model, card, dataset, chosen)
    parts = PartsFolder(partial_folder(out), metadata)
    blocks = -(-len(dataset) // chosen.block)
    if among.leads:
        parts.prepare()
    among.wait()
    pending = [block for block in range(blocks) if not parts.has(block)]
    among.wait()  # no one may finish a block before all have looked
    mine = among.share(pending)
    sizes = {block: min(chosen.block, len(dataset) - block * chosen.block) for block in pending}
    if on_start is not None:
        on_start(sum(sizes[block] for block in mine))
    began = time.perf_counter()
    drawing = gradcam = 0.0
    # NumPy's threads go on looking for work for a while after each product, on the cores that the next forward pass
    # needs: with them two cores are a third slower. The products are small; one thread is enough.
    with threadpool_limits(1, user_api="blas"):
        for block in mine:
            rows, part = sweep_block(model, card, dataset, chosen, block)
            parts.write(block, rows, part)
            drawing += part.seconds.regions
            gradcam += part.seconds.gradcam
            if progress is not None:
                progress(sizes[block])
    among.wait()
    if not among.leads:
        return None
    timing = Timing(sum(sizes.values()), time.perf_counter() - began, drawing, gradcam, among.total, bare)
    return finish(model, card, dataset, out, parts, metadata, timing=timing, overwrite=overwrite)


def _metadata(model: nn.Module, card: RunCard, dataset: FaceDataset, settings: SweepSettings) -> dict[str, Any]:
    """What the result depends on; all files carry it."""
    return {
        "format": FORMAT,
        "model": card.name,
        "dataset": dataset.name,
        "split": dataset.split,
        "pictures": len(dataset),
        "classes": list(dataset.classes),
        "weights_sha256": card.weights_sha256,
        "data_fingerprint": dataset.fingerprint,
        "versions": library_versions(),
        "settings": {**asdict(settings), "layer": explained_layer(model, settings)},
        "device": next(model.parameters()).device.type,
        "regions": {"names": list(REGIONS), "source": _region_source(card, dataset)},
    }


def _region_source(card: RunCard, dataset: FaceDataset) -> str:
    if card.domain == "pictures":
        return "none"
    return "exact" if dataset.name == "synthetic" else "template"
