"""``python -m engine benchmark gates``: is each attention gate used, over a split and for each class?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Column, Table

from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    note,
    note_people,
    note_skipped,
    print_json,
)
from engine.errors import UsageError
from engine.models.checkpoint import DEFAULT_MODEL

if TYPE_CHECKING:
    from engine.analysis.files.gate_use import SplitGateUse
    from engine.statistics.intervals import Estimate

PICTURES: Final = 350
LEAST_DRAWS: Final = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    add_data_options(parser)
    parser.add_argument(
        "--split", default="test", help="train, val, test; for fer2013 also public, private (default: %(default)s)"
    )
    parser.add_argument(
        "--pictures", type=int, default=PICTURES, metavar="N", help="classes in equal numbers (default: %(default)s)"
    )
    parser.add_argument(
        "--draws",
        type=int,
        default=LEAST_DRAWS,
        metavar="N",
        help="permutations of each gate, and pictures that lend theirs; 10 or more (default: %(default)s)",
    )
    parser.add_argument(
        "--target", default="predicted", help="whose logit to follow: predicted, true, a class, or 'happy-sad'"
    )
    parser.add_argument("--seed", type=int, default=0, help="of sample, draws and intervals (default: %(default)s)")
    add_device_option(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: gate_use.json in the checkpoint's analysis of the split"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, write and report."""
    from engine.analysis.files.gate_use import check_place, gate_use_file, write_gate_use
    from engine.analysis.gate_use import split_gate_use
    from engine.data.registry import load_for
    from engine.measure.split import people_of
    from engine.models.checkpoint import find_checkpoint, load_checkpoint
    from engine.training.device import choose_device

    wanted = (("--pictures", arguments.pictures, 1), ("--draws", arguments.draws, LEAST_DRAWS),
              ("--seed", arguments.seed, 0))  # fmt: skip
    for option, value, least in wanted:
        if value < least:
            raise UsageError(f"Expected {option} of {least} or more, got {value}; choose another.")
    path = find_checkpoint(arguments.model)
    out = arguments.out or gate_use_file(path, arguments.dataset, arguments.split)
    check_place(out, overwrite=arguments.force)
    loaded = load_checkpoint(path, device=choose_device(arguments.device))
    dataset = load_for(
        loaded.card, arguments.dataset, arguments.split, data=arguments.data, drop_unknown=arguments.drop_unknown
    )
    note_skipped(dataset.skipped)
    note_people(dataset, people_of(loaded.card, dataset))
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(f"gates of {loaded.card.name} on {arguments.dataset} {arguments.split}", total=None)
        use = split_gate_use(
            loaded.model,
            loaded.card,
            dataset,
            pictures=arguments.pictures,
            draws=arguments.draws,
            target=arguments.target,
            seed=arguments.seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    write_gate_use(out, use, overwrite=arguments.force)
    if arguments.json:
        print_json(use.as_dict())
    else:
        _print(use, out)
    return 0


def _figure(found: Estimate, scale: float = 1.0, digits: int = 3, *, interval: bool = True) -> str:
    if found.mean is None:
        return "–"
    text = f"{scale * found.mean:.{digits}f}"
    if not interval or found.low is None or found.high is None:
        return text
    return f"{text} ({scale * found.low:.{digits}f}–{scale * found.high:.{digits}f})"


def _print(use: SplitGateUse, out: Path) -> None:
    least, most = min(use.pictures.values()), max(use.pictures.values())
    each = f"{least}" if least == most else f"{least} to {most}"
    sys.stdout.write(
        f"{use.model} on {use.dataset} {use.split} (n = {use.n:,} of {use.total:,}, {each} a class, {use.draws} draws, "
        f"seed {use.seed}): accuracy {_figure(use.accuracy['all'], 100, 1)} %; written to "
        f"{out.parent.name}/{out.name}\n"
    )
    heads = ("gate", "replaced by", "TVD (95 %)", "flips, %", "logit", "accuracy")
    table = Table(
        *(Column(head, no_wrap=True) for head in heads), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    for layer in use.gates:
        first = iter((layer, f"  {use.verdict(layer)}"))  # the verdict stands under the name: 80 columns must do
        for effect in use.of(layer):
            figures = effect.figures
            table.add_row(
                next(first, ""),
                effect.replacement,
                _figure(figures["distance"]),
                _figure(figures["flips"], 100, 1, interval=False),
                _figure(figures["logit_change"], digits=2, interval=False),
                _figure(figures["accuracy_change"], 100, 1, interval=False),
            )
    STDERR.print(table)
    note(
        "TVD: the share of the probability that changes hands. The verdict follows the largest that is not of ones. "
        f"Changes: of the logit of {use.target}, and of accuracy in points. Each class is in the file."
    )
    if use.shares is not None:
        means = use.shares.means["all"]
        note(
            f"gamma {use.shares.gamma}; ‖gamma out‖ / ‖projection‖ {_figure(means['ratio'])}; the emotion heads' share "
            f"of the answer {_figure(means['emotion_share'])}"
        )
