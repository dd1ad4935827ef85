"""``python -m tests.fuzz --cases 10000 --seed 1``: try them all, print a table, exit with 1 where one went wrong."""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.fuzz.judge import Verdict, judge, places
from tests.fuzz.kinds import KINDS, case, maker, share

COLUMNS: Final = ("tried", "answered", "refused", "over budget", "traceback", "path in a message")


def verdicts(
    kind: str, cases: int, seed: int, folder: Path, *, heavy: bool, first: int = 0
) -> Iterator[tuple[int, Verdict]]:
    """Yield (number, what became of it) for each case of a kind."""
    makes = maker(kind, folder, heavy=heavy)
    hidden = places(folder)
    for number in range(first, first + cases):
        yield number, judge(case(makes, kind, seed, number), hidden)


def tally(found: Iterator[tuple[int, Verdict]], kind: str, seed: int) -> Counter[str]:
    """Count outcomes, and say at once what went wrong."""
    counts: Counter[str] = Counter()
    for number, one in found:
        counts["tried"] += 1
        counts[one.outcome] += 1
        counts["over budget"] += one.over_budget
        counts["path in a message"] += one.path
        if one.wrong:
            sys.stderr.write(
                f"{kind}:{number} --seed {seed}: {one.what}: {one.outcome}, {one.cpu_seconds:.1f} s, "
                f"{one.grown_bytes / 2**20:.0f} MB\n{one.said[-1_500:]}\n\n"
            )
    return counts


def table(rows: dict[str, Counter[str]]) -> str:
    """Return the outcomes as a table of Markdown, with a last row of sums."""
    whole: Counter[str] = Counter()
    for counts in rows.values():
        whole.update(counts)
    lines = ["| kind | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for kind, counts in {**rows, "all": whole}.items():
        lines.append(f"| {kind} | " + " | ".join(f"{counts[column]:,}" for column in COLUMNS) + " |")
    return "\n".join(lines)


def versions() -> str:
    """Return what the run was made with."""
    names = ("pillow", "numpy", "torch", "streamlit", "gradio", "pyarrow", "duckdb", "safetensors")
    return f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names)


def main(words: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of all kinds together (default 10,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="default: all")
    parser.add_argument("--only", metavar="KIND:NUMBER", help="try one case again")
    parser.add_argument("--light", action="store_true", help="without those that cost seconds, as the tests do")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, for parts run apart")
    given = parser.parse_args(words)
    rows: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory(prefix="ferlens-fuzz-") as folder:
        if given.only:
            kind, _, number = given.only.partition(":")
            found = verdicts(kind, 1, given.seed, Path(folder), heavy=not given.light, first=int(number))
            for _, one in found:
                sys.stdout.write(
                    f"{one.what}\n{one.outcome}, {one.cpu_seconds:.2f} s, {one.grown_bytes / 2**20:.0f} MB\n"
                    f"{one.said}\n"
                )
                return int(one.wrong)
        for kind in given.kinds:
            count = share(kind, given.cases)
            rows[kind] = tally(verdicts(kind, count, given.seed, Path(folder), heavy=not given.light), kind, given.seed)
            sys.stderr.write(f"{kind}: {dict(rows[kind])}\n")
    sys.stdout.write(f"{json.dumps(rows) if given.json else table(rows)}\n\nSeed {given.seed}. {versions()}.\n")
    return int(any(counts[column] for counts in rows.values() for column in COLUMNS[3:]))


if __name__ == "__main__":
    # Here, not in main(): a test that calls it must leave both as they were.
    logging.disable(logging.WARNING)
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())
