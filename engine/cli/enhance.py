"""``python -m engine enhance``: a dataset of enlarged and coloured pictures, by the user's own network files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.cli.common import STDERR, add_data_options, add_device_option, add_json_option, note, print_json
from engine.data.balance.folder import refuse_place
from engine.data.enhance.enhance import Enhancer
from engine.data.enhance.folder import plan_enhancement, write_enhanced
from engine.data.enhance.networks import ROLES, Network, Tiling, load_network
from engine.data.registry import KINDS, PICTURES_OF, find_data
from engine.errors import UnknownNameError, UsageError
from engine.training.device import choose_device
from engine.writing.held import held


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(
        [
            "network files are your own downloads (.safetensors or .pth), applied in this order:",
            *(f"  --{role}: {known.where}" for role, known in ROLES.items()),
            "the same command again goes on where it was stopped",
        ]
    )
    add_data_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to make, laid out as the data")
    parser.add_argument("--sr", type=Path, metavar="FILE", help="SwinIR's weights: enlarge")
    parser.add_argument("--color", type=Path, metavar="FILE", help="DDColor's weights: colour")
    defaults = Tiling()
    parser.add_argument(
        "--tile", type=int, default=defaults.tile, help="larger pictures are cut into tiles (default: %(default)s px)"
    )
    parser.add_argument(
        "--overlap", type=int, default=defaults.overlap, help="in which tiles are blended (default: %(default)s px)"
    )
    parser.add_argument(
        "--batch", type=int, default=defaults.batch, help="pictures or tiles at once (default: %(default)s)"
    )
    add_device_option(parser)
    parser.add_argument("--limit", type=int, metavar="N", help="a quick try on N pictures of each split")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Enhance and report."""
    place = _place(arguments)
    tiling = Tiling(arguments.tile, arguments.overlap, arguments.batch)
    files: dict[str, Path | None] = {"sr": arguments.sr, "color": arguments.color}
    with held(arguments.out, parents=False):
        refuse_place(arguments.out, place)
        _require_files(files)
        document = _enhance(arguments, place, files, tiling)
    if arguments.json:
        print_json({"out": arguments.out.name, **document})
    else:
        _print(arguments.out, document)
    return 0


def _enhance(
    arguments: argparse.Namespace, place: Path, files: dict[str, Path | None], tiling: Tiling
) -> dict[str, Any]:
    plan = plan_enhancement(arguments.dataset, place, drop_unknown=arguments.drop_unknown, limit=arguments.limit)
    networks: dict[str, Network | None] = {
        role: None if file is None else load_network(role, file) for role, file in files.items()
    }
    enhancer = Enhancer(networks["sr"], networks["color"], tiling=tiling, device=choose_device(arguments.device))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("enhancing", total=len(plan.written))

        def on_start(done: int) -> None:
            bar.advance(task, done)
            if done:
                note(
                    f"Going on with {arguments.out.name}.partial: {done:,} of {len(plan.written):,} pictures are done."
                )

        return write_enhanced(
            arguments.out,
            plan,
            enhancer,
            limit=arguments.limit,
            on_start=on_start,
            progress=lambda count: bar.advance(task, count),
        )


def _place(arguments: argparse.Namespace) -> Path:
    """Return where the dataset lies."""
    if arguments.dataset == "synthetic":
        raise UsageError("The built-in faces are drawn at any size and lie in no folder; give another --dataset.")
    if arguments.dataset in PICTURES_OF:
        pictures = PICTURES_OF[arguments.dataset]
        raise UsageError(
            f"'{arguments.dataset}' is the pictures of {pictures} with other labels, and enhancing changes pictures "
            f"alone: enhance --dataset {pictures}, then give what is made as --data with --dataset {arguments.dataset}."
        )
    if arguments.dataset not in KINDS:
        raise UnknownNameError("dataset", arguments.dataset, KINDS)
    return find_data(arguments.dataset, KINDS[arguments.dataset].files, arguments.data)


def _require_files(files: dict[str, Path | None]) -> None:
    """Refuse to begin without a file, or with one that is not there, and say where one can be had."""
    if not any(files.values()):
        where = "; ".join(f"--{role} FILE: {known.where}" for role, known in ROLES.items())
        raise UsageError(f"Expected a network file to enhance with. {where}. Download what you need and give its path.")
    for role, file in files.items():
        if file is not None and not file.is_file():
            raise UsageError(f"There is no file '{file.name}' for --{role}; {ROLES[role].where}.")


def _print(out: Path, document: dict[str, Any]) -> None:
    names = ", then ".join(
        f"{network['architecture']} x{network['scale']}" if network["role"] == "sr" else network["architecture"]
        for network in document["networks"]
    )
    sys.stdout.write(f"{out.name}: {document['made']:,} pictures enhanced by {names}\n")
    if document["skipped"]:
        first = document["skipped"][0]
        note(f"{len(document['skipped'])} left out, for example {first['id']}: {first['reason']}.")
    note("It is laid out as the data was: train, balance and evaluate with --data OUT.")
