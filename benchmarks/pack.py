"""Make a few archives of bounded size of what the accelerator's plan has made, the most wanted first.

    python -m benchmarks.pack OUT TARGET --files 8 --megabytes 15

First come figures, histories, cards and answers, then weights: the best of each recipe by val before any second one,
of finished runs before others. What no longer fits is named and left.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

WEIGHTS = "weights.safetensors"


def wanted(out: Path) -> list[Path]:
    """Return the files of ``out`` in the order of their worth: small ones by name, then weights."""
    document = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    files = sorted(path for path in out.rglob("*") if path.is_file() and path.name != WEIGHTS)
    small = [path for path in files if path.relative_to(out).parts[0] != "runs"]
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, bool, Path]] = []
    for run in sorted(document["runs"], key=_accuracy, reverse=True):
        for place, unfinished in ((out / run["name"], False), (out / "unfinished" / run["name"], True)):
            if (place / WEIGHTS).is_file():
                ranked.append((seen[run["recipe"]], unfinished, place / WEIGHTS))
                seen[run["recipe"]] += 1
    return small + [path for _, _, path in sorted(ranked, key=lambda entry: entry[:2])]


def _accuracy(run: dict[str, Any]) -> float:
    return run["best_val_accuracy"] or 0.0


def pack(out: Path, target: Path, *, files: int, megabytes: float) -> list[Path]:
    """Write ``target/0.tar`` and so on, each file into the first that has room; return those that found none."""
    target.mkdir(parents=True, exist_ok=True)
    free = [megabytes * 1e6 - 10_240] * files  # an archive ends with a block of zeros
    chosen: list[list[Path]] = [[] for _ in range(files)]
    left = []
    for path in wanted(out):
        size = -(-path.stat().st_size // 512) * 512 + 1024
        index = next((index for index, room in enumerate(free) if room >= size), None)
        if index is None:
            left.append(path)
            continue
        free[index] -= size
        chosen[index].append(path)
    for index, paths in enumerate(chosen):
        if paths:
            with tarfile.open(target / f"{index}.tar", "w") as archive:
                for path in paths:
                    archive.add(path, path.relative_to(out).as_posix())
    return left


def main(arguments: list[str] | None = None) -> int:
    """Pack, and say what was left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pack", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, help="the plan's folder")
    parser.add_argument("target", type=Path, help="where the archives go")
    parser.add_argument("--files", type=int, default=8, help="at most so many (default: %(default)s)")
    parser.add_argument("--megabytes", type=float, default=15.0, help="at most so large each (default: %(default)s)")
    options = parser.parse_args(arguments)
    left = pack(options.out, options.target, files=options.files, megabytes=options.megabytes)
    for path in left:
        print(f"left: {path.relative_to(options.out).as_posix()}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
