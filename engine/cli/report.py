"""``python -m engine report``: a model's evaluation as one HTML file and figures for print, from stored answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cli.common import STDERR, add_json_option, add_votes_option, note, print_json
from engine.cli.votes import votes_at_hand
from engine.errors import DataError, FerLensError, UsageError
from engine.models.checkpoint import DEFAULT_MODEL, find_checkpoint, read_card
from engine.writing.held import held

if TYPE_CHECKING:
    from engine.analysis.files.places import AnalysedSplit
    from engine.analysis.paper.kit import PaperInput
    from engine.records import RunCard

PREFERRED: Final[tuple[str, ...]] = ("fer2013-private", "fer2013-test", "synthetic-test")
"""Which analysis is reported where none is named: what the literature quotes first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument("--dataset", help="of the stored analysis (default: the first that is there)")
    parser.add_argument("--split", help="likewise")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for the report")
    parser.add_argument(
        "--paper",
        action="store_true",
        help="write the folder paper, too: vector PDFs, LaTeX and CSV tables, captions, BibTeX, a methods paragraph",
    )
    parser.add_argument(
        "--against", metavar="MODEL", help="with --paper: a table that compares with MODEL's stored answers, with tests"
    )
    add_votes_option(parser)
    add_json_option(parser)


def _chosen(name: str, folder: Path, dataset: str | None, split: str | None) -> AnalysedSplit:
    """Return the analysis that is asked for.

    Raises:
        DataError: there is none such.
    """
    from engine.analysis.files.places import analysed_splits, analyze_command

    there = {one.name: one for one in analysed_splits(folder, (name,))}
    fitting = [one for one in there.values() if dataset in {None, one.dataset} and split in {None, one.split}]
    if not fitting:
        known = f"; it was analysed on: {', '.join(there)}" if there else ""
        command = analyze_command(name, dataset or "synthetic", split or "test")
        raise DataError(f"There are no stored answers of '{name}' to report on; make them with: {command}{known}")
    order = {wanted: place for place, wanted in enumerate(PREFERRED)}
    return min(fitting, key=lambda one: (order.get(one.name, len(order)), one.name))


def run(arguments: argparse.Namespace) -> int:
    """Gather what is stored, write, report."""
    if not arguments.out.name:
        raise UsageError("Expected --out to name a new folder, for example --out report.")
    if arguments.against is not None and not arguments.paper:
        raise UsageError("Expected --against with --paper, whose tables it adds to; give both, or use: engine compare.")
    checkpoint = find_checkpoint(arguments.model).absolute()
    card = read_card(checkpoint)
    split = _chosen(checkpoint.name, checkpoint.parent, arguments.dataset, arguments.split)

    from engine.analysis.evaluation import VALIDATION, evaluation, metric_rows, read_history
    from engine.analysis.files.places import analysis_folder
    from engine.analysis.people import people_seen
    from engine.analysis.report import check_new_folder, share_words, write_report
    from engine.analysis.report_figures import ReportInput
    from engine.analysis.store.store import open_store
    from engine.measure.robustness import read_robustness, robustness_file
    from engine.measure.votes import fitted_temperature

    with held(arguments.out, parents=False), STDERR.status(f"evaluating {card.name} on {split.dataset} {split.split}"):
        check_new_folder(arguments.out)
        votes = votes_at_hand(split.dataset, arguments.votes, None)
        store = open_store([checkpoint.name], split.dataset, split.split, folder=checkpoint.parent, votes=votes)
        if votes is not None and store.no_votes:
            raise DataError(store.no_votes)
        validation = None
        if split.split != VALIDATION and analysis_folder(checkpoint, split.dataset, VALIDATION).exists():
            try:
                validation = open_store([checkpoint.name], split.dataset, VALIDATION, folder=checkpoint.parent)
            except FerLensError as error:
                note(f"No temperature: {error}")
        found = evaluation(store, validation)
        given = ReportInput(
            found,
            read_robustness(
                checkpoint / robustness_file(split.dataset, split.split), card, dataset=split.dataset, split=split.split
            ),
            read_history(checkpoint, card.recipe.get("chosen_epoch")),
            None if votes is None else people_seen(store, found.answers, temperature=fitted_temperature(card)),
        )
        paper = _paper(arguments.against, checkpoint, card, split) if arguments.paper else None
        document = write_report(arguments.out, given, metric_rows(card), paper=paper)
    if arguments.json:
        print_json(document)
    else:
        figures = given.found.figures
        sys.stdout.write(
            f"{card.name} on {split.dataset} {split.split}: accuracy {share_words(figures.accuracy)}; report.html and "
            f"{len(document['figures'])} figures at 300 DPI written to {arguments.out.name}"
            f"{', with the folder paper' if arguments.paper else ''}\n"
        )
    return 0


def _paper(against: str | None, checkpoint: Path, card: RunCard, split: AnalysedSplit) -> PaperInput:
    """Gather what a paper kit needs beside the evaluation.

    Raises:
        DataError: the other model has no stored answers to the split, or other classes.
    """
    from engine import __version__
    from engine.analysis.comparison import compare_stored
    from engine.analysis.files.places import REPORT, analysis_folder
    from engine.analysis.files.predictions import find_predictions
    from engine.analysis.paper.kit import PaperInput
    from engine.analysis.store.store import AnalysisStore
    from engine.documents import BAD_VALUES, read_document

    try:
        analysis = dict(read_document(analysis_folder(checkpoint, split.dataset, split.split) / REPORT))
    except (OSError, *BAD_VALUES):
        analysis = {}  # the versions and hashes are then said to be not recorded
    compared = None
    if against is not None:
        other = find_checkpoint(against).absolute()
        if other == checkpoint:
            raise UsageError(f"Expected --against another model than '{card.name}' itself; name another.")
        places = [
            find_predictions([one.name], split.dataset, split.split, folder=one.parent) for one in (other, checkpoint)
        ]
        store = AnalysisStore([source for found in places for source in found])
        try:
            compared = compare_stored(store)
        finally:
            store.close()
    return PaperInput(card, analysis, __version__, compared)
