"""What ``explain --trust`` and ``--sanity`` measure and print."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli.common import STDERR, note
from engine.explain.methods.method import Setup
from engine.predictor import EmotionPredictor
from engine.records import FaceExplanation
from engine.trust.map_sanity import MapSanity, map_sanity
from engine.trust.trust import TrustReport


def measure_trust(predictor: EmotionPredictor, explained: FaceExplanation) -> TrustReport:
    """Ask of every gate and map whether it may be believed, with a bar on a terminal."""
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        return predictor.trust(explained, progress=tell)


def measure_sanity(predictor: EmotionPredictor, explained: FaceExplanation, setup: Setup) -> tuple[MapSanity, ...]:
    """Ask the further questions of every map, made with ``setup``, with a bar on a terminal."""
    found = []
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        for item in explained.maps:
            name = f"{item.method} {item.layer}".strip()
            task = bar.add_task(name, total=None)

            def tell(question: str, done: int, total: int, *, task: TaskID = task, name: str = name) -> None:
                bar.update(task, completed=done, total=total, description=f"{name}: {question}")

            found.append(
                map_sanity(
                    predictor.model,
                    explained.face,
                    item,
                    spec=predictor.card.input,
                    classes=predictor.classes,
                    setup=setup,
                    seed=setup.seed,
                    progress=tell,
                )
            )
    return tuple(found)


def print_sanity(found: Sequence[MapSanity]) -> None:
    """Print the figures of every map."""

    def number(value: float | None, form: str = ".3f") -> str:
        return "–" if value is None else format(value, form)

    table = Table("map", "infidelity", "max-sens.", "answer random", "all random", "classes alike")
    for item in found:
        first, last = item.randomisation.parts[0], item.randomisation.parts[-1]
        table.add_row(
            f"{item.method} {item.layer}".strip(),
            number(item.robustness.infidelity),
            number(item.robustness.max_sensitivity),
            number(first.correlation, "+.3f"),
            number(last.correlation, "+.3f"),
            number(item.classes.mean_correlation, "+.3f"),
        )
    STDERR.print(table)
    disturbed = found[0].robustness
    note(
        f"Infidelity: 0 foretells what a disturbance of {disturbed.radius:g} of 255 a pixel does, 1 is as good as an "
        f"empty map. Max-sensitivity: how much the map changes by it, of itself (n = {disturbed.samples})."
    )
    note(
        "Answer, all random: rank correlation with the true map once the answer layer, or every layer, lost its "
        "weights. Classes alike: rank correlation between maps of different classes."
    )


def print_trust(report: TrustReport) -> None:
    """Print the verdicts and figures."""
    table = Table("shown", "verdict", "figure", "interval, or how")
    for gate in report.gates:
        most = max((item for item in gate.replacements if item.name != "ones"), key=lambda item: item.distance.mean())
        table.add_row(gate.layer, gate.verdict, f"{gate.distance:.3f}", most.name)
    for item in report.maps:
        interval = f"{item.score.low:+.3f} to {item.score.high:+.3f}"
        table.add_row(f"{item.method} {item.layer}".strip(), item.verdict, f"{item.score.mean:+.3f}", interval)
    STDERR.print(table)
    note("A gate's figure: the share of the probability that changes hands when the gate is replaced.")
    note("A map's figure: how much better than random maps it finds what the answer needs, 0 is chance.")
