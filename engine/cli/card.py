"""``python -m engine card``: a model's card in the field's usual form, as the README.md that model hubs read."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from engine.cli.common import STDERR, add_json_option, check_new_file, print_json
from engine.models.checkpoint import DEFAULT_MODEL, find_checkpoint
from engine.writing.whole import whole_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "model", nargs="?", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="a new file, for example README.md (default: print it)"
    )
    parser.add_argument(
        "--license",
        default="",
        metavar="NAME",
        help="of the weights, as hubs name it: mit, apache-2.0 (default: the card's)",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Gather what is stored, write."""
    from engine.analysis.model_card.compose import model_card
    from engine.analysis.model_card.markdown import to_markdown

    check_new_file(arguments.out)
    checkpoint = find_checkpoint(arguments.model).absolute()
    with STDERR.status(f"gathering what is known of {checkpoint.name}"):
        card = model_card(checkpoint, licence=arguments.license)
    text = to_markdown(card)
    if arguments.out is not None:
        with whole_file(arguments.out) as part:
            part.write_text(text, encoding="utf-8")
            check_new_file(arguments.out)  # again: another run may have been quicker
    if arguments.json:
        print_json(asdict(card))
    elif arguments.out is None:
        sys.stdout.write(text)
    else:
        sys.stdout.write(f"{arguments.out.name}: the card of {card.name}, {len(card.sections)} sections\n")
    return 0
