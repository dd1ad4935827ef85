"""``python -m engine analyze``: pass over a dataset once; keep every answer and each gate's class statistics."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import BLOCK, SweepSettings
from engine.analysis.sweep.finish import refuse_existing
from engine.analysis.sweep.sweep import BARE_SAMPLE, sweep
from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    note,
    note_skipped,
    print_json,
)
from engine.data.dataset import FaceDataset
from engine.data.enhance.enhance import require_enhanced
from engine.data.registry import load_for
from engine.errors import UsageError
from engine.measure.split import BATCH
from engine.models.checkpoint import DEFAULT_MODEL, find_checkpoint, load_checkpoint
from engine.training.device import choose_device
from engine.training.processes import Processes, joined_processes
from engine.writing.held import held


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    add_data_options(parser)
    parser.add_argument(
        "--split", default="test", help="train, val, test; for fer2013 also public, private (default: %(default)s)"
    )
    parser.add_argument("--no-gradcam", action="store_true", help="gates only; faster")
    parser.add_argument("--layer", help="explained layer of Grad-CAM, for example block3 (default: the last)")
    parser.add_argument("--limit", type=int, metavar="N", help="only N pictures, evenly spread over the split")
    parser.add_argument("--batch-size", type=int, default=BATCH, metavar="N", help="pictures at a time (%(default)s)")
    parser.add_argument(
        "--block", type=int, default=BLOCK, metavar="N", help="pictures that a kill loses at most (%(default)s)"
    )
    parser.add_argument("--bare", action="store_true", help="time bare inference on all pictures, not on a sample")
    add_device_option(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: analysis/<dataset>-<split> in the checkpoint's folder"
    )
    parser.add_argument("--force", action="store_true", help="replace an analysis that is there")
    parser.epilog = (
        "A killed run goes on when the same command is given again. Several processes: "
        "torchrun --standalone --nproc-per-node N -m engine analyze ..."
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Analyse and report."""
    sizes = (("--batch-size", arguments.batch_size), ("--block", arguments.block), ("--limit", arguments.limit))
    for option, value in sizes:
        if value is not None and value < 1:
            raise UsageError(f"Expected {option} of 1 or more, got {value}; choose another.")
    path = find_checkpoint(arguments.model)
    out = arguments.out or _default_out(path, arguments)
    with joined_processes() as processes, held(out if processes.leads else None):
        refuse_existing(out, overwrite=arguments.force)  # before the work; the end looks again
        document = _analyse(arguments, path, out, processes)
    if document is None:
        return 0
    if arguments.json:
        print_json(document)
    else:
        _print(document, out)
    return 0


def _default_out(path: Path, arguments: argparse.Namespace) -> Path:
    if arguments.limit is not None:
        raise UsageError("--limit gives a part of the split only; say with --out where to put it.")
    return analysis_folder(path, arguments.dataset, arguments.split)


def _limited(dataset: FaceDataset, limit: int | None) -> FaceDataset:
    """Take every n-th picture so that ``limit`` remain; the first ones would all be of one class."""
    if limit is None or limit >= len(dataset):
        return dataset
    return dataset.subset([index * len(dataset) // limit for index in range(limit)])


def _analyse(arguments: argparse.Namespace, path: Path, out: Path, processes: Processes) -> dict[str, Any] | None:
    loaded = load_checkpoint(path, device=processes.device(choose_device(arguments.device)))
    require_enhanced(loaded.card.name, loaded.card.data, arguments.dataset, arguments.data)
    dataset = load_for(
        loaded.card,
        arguments.dataset,
        arguments.split,
        data=arguments.data,
        drop_unknown=arguments.drop_unknown,
        looks=True,
    )
    if processes.leads:
        note_skipped(dataset.skipped)
    dataset = _limited(dataset, arguments.limit)
    quiet = not (sys.stderr.isatty() and processes.leads)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, disable=quiet, transient=True) as bar:
        task = bar.add_task(f"{loaded.card.name} on {arguments.dataset} {arguments.split}", total=len(dataset))

        def on_start(pictures: int) -> None:
            bar.update(task, total=pictures)
            if processes.total == 1 and pictures < len(dataset):
                note(f"Going on with an unfinished analysis: {pictures:,} of {len(dataset):,} pictures remain.")

        return sweep(
            loaded.model,
            loaded.card,
            dataset,
            out,
            settings=SweepSettings(
                gradcam=not arguments.no_gradcam,
                layer=arguments.layer,
                batch_size=arguments.batch_size,
                block=arguments.block,
            ),
            overwrite=arguments.force,
            processes=processes,
            bare=len(dataset) if arguments.bare else BARE_SAMPLE,
            on_start=on_start,
            progress=lambda count: bar.advance(task, count),
        )


def _print(document: dict[str, Any], out: Path) -> None:
    low, high = document["interval"]
    sys.stdout.write(
        f"{document['model']} on {document['dataset']} {document['split']} (n = {document['n']:,}): accuracy "
        f"{100 * document['accuracy']:.1f} % ({100 * low:.1f}-{100 * high:.1f}); {len(document['layers'])} maps and "
        f"gates by class; {document['suspicion']['suspected']:,} labels suspected; written to {out.name}\n"
        f"{document['protocol']}\n"
    )
    if document["below_chance"]:
        sys.stdout.write(f"{document['below_chance']}\n")
    if document.get("near_copies", {}).get("leaks"):
        sys.stdout.write(f"{document['near_copies']['conclusion']}\n")
    for file in document.get("replaced", ()):
        became = "kept" if file["kept"] else "dropped"
        again = f"; measure again with: {file['remedy']}" if file["remedy"] else ""
        note(f"{file['file']} of the analysis before was {became}, for {file['reason']}{again}.")
    speed = document["throughput"]
    if not speed["pictures"]:
        note("Every picture was passed over in an earlier run, so there is no speed to tell.")
        return
    drawn = f", drawing regions ({speed['regions_seconds']:.0f} s) not counted" if speed["regions_seconds"] > 1 else ""
    without = ""
    if speed["gradcam_seconds"]:
        without = (
            f" ({speed['pictures_per_second_without_gradcam']:,.0f}/s without Grad-CAM: "
            f"{speed['ratio_without_gradcam']:.2f} of it)"
        )
    note(
        f"{speed['pictures_per_second']:,.0f} pictures/s{drawn}; bare inference "
        f"{speed['bare_pictures_per_second']:,.0f}/s on {speed['bare_pictures']:,} pictures: {speed['ratio']:.2f} of it"
        f"{without}"
    )
