"""``python -m tests.faults``: kill commands with ``kill -9`` while they work, give them again, compare the results."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests.faults.cases import CASES
from tests.faults.trials import Outcome, run_trials

COLUMNS = ("command", "trials", "killed at work", "done by then", "half-written", "left over", "result the same")


def table(found: dict[str, list[Outcome]]) -> Table:
    """Return a row a command, and one for all."""
    drawn = Table(*COLUMNS)
    rows = {**found, "all": [outcome for outcomes in found.values() for outcome in outcomes]}
    for name, outcomes in rows.items():
        counts = (
            len(outcomes),
            sum(outcome.killed for outcome in outcomes),
            sum(outcome.finished for outcome in outcomes),
            sum(bool(outcome.half) for outcome in outcomes),
            sum(bool(outcome.left) for outcome in outcomes),
            sum(outcome.same for outcome in outcomes),
        )
        drawn.add_row(name, *map(str, counts))
    return drawn


def main() -> int:
    """Try, print, and return 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=50, metavar="N", help="of all commands (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    parser.add_argument("--only", choices=CASES, help="this command alone")
    arguments = parser.parse_args()
    cases = {arguments.only: CASES[arguments.only]} if arguments.only else CASES
    console, errors = Console(), Console(stderr=True)

    def tell(name: str, outcome: Outcome) -> None:
        said = "killed" if outcome.killed else "quicker than the kill"
        errors.print(f"{name}: {said}, {'as it should be' if outcome.fine else outcome}", markup=False, soft_wrap=True)

    found = run_trials(cases, arguments.trials, arguments.seed, tell)
    console.print(table(found))
    return 0 if all(outcome.fine for outcomes in found.values() for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
