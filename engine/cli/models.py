"""``python -m engine models``: list the checkpoints, and the architectures that can be trained."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cli.common import STDERR, add_json_option, print_json
from engine.errors import FerLensError
from engine.measure.split import VIEWS
from engine.models.checkpoint import survey_checkpoints
from engine.models.inventory import Inside, inside, inside_of
from engine.models.registry import ARCHITECTURES, input_spec
from engine.records import InputSpec, RunCard


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """List."""
    survey = survey_checkpoints()
    rows, problems = [], list(survey.problems)
    for card in survey.cards:
        try:
            rows.append(_trained(card))
        except FerLensError as error:
            problems.append(f"'{card.name}' cannot be built: {error}")
    there = {row["architecture"] for row in rows}
    rows += [_untrained(name) for name in ARCHITECTURES if name not in there]
    if arguments.json:
        print_json({"models": rows, "problems": problems})
        return 0
    table = Table("model", "architecture", "parameters", "input", "gates", "private", "and mirror image", "ten crops")
    for row in rows:
        spec = row["input"]
        table.add_row(
            row["name"],
            row["architecture"],
            f"{row['parameters']:,}",
            f"{spec['size']}x{spec.get('columns', spec['size'])}x{spec['channels']}",
            str(len(row["gates"])),
            *(_accuracy(row["metrics"], view) for view in VIEWS),
        )
    console = Console()
    console.print(table)
    console.print("Parameters by part:")
    for row in rows:
        if not row["parameters_by_module"]:
            continue
        parts = ", ".join(f"{name} {count:,}" for name, count in row["parameters_by_module"].items())
        console.print(f"  {row['name']}: {parts}", highlight=False)
    for problem in problems:
        STDERR.print(problem, markup=False)
    return 0


def _accuracy(metrics: dict[str, dict[str, Any]], view: str) -> str:
    found = metrics.get(f"fer2013/private/{view}")
    if found is None:
        return "not measured"
    low, high = found["interval"] or (None, None)
    if low is None or high is None:
        return f"{100 * found['accuracy']:.1f} %"
    return f"{100 * found['accuracy']:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def _described(found: Inside, spec: InputSpec) -> dict[str, Any]:
    return {
        "parameters": found.parameters,
        "parameters_by_module": dict(found.parts),
        "input": {"size": spec.size, "channels": spec.channels}
        | ({"columns": spec.columns} if spec.width != spec.height else {}),
        "gates": [{"layer": gate.layer, "kind": gate.kind, "shape": list(gate.shape)} for gate in found.gates],
    }


def _trained(card: RunCard) -> dict[str, Any]:
    adopted = {"domain": card.domain, "origin": card.origin} if card.is_adopted else {}
    return {
        "name": card.name,
        "architecture": card.architecture,
        "trained": True,
        **_described(inside(card), card.input),
        **adopted,
        "classes": list(card.classes),
        "metrics": card.metrics,
    }


def _untrained(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "architecture": name,
        "trained": False,
        **_described(inside_of(name, 7, input_spec(name), {}), input_spec(name)),
        "classes": [],
        "metrics": {},
    }
