"""Whether the time that a bar promises is the time that it takes: every priced work of the pages, one JSON document.

``python -m benchmarks.promises`` walks the pages in this process, without a browser, as a visitor who presses all that
has a price. It does so a few times over, each time with nothing kept but what work cost: the first round learns, in a
record of costs that is empty at its beginning, and the last one compares. What is promised within :data:`BAR` times
what it took, either way, is kept. Work that ended within :data:`SHORT_SECONDS` has no bar, and is told apart.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.shell import job, long_work, pages
from dashboard.shell.costs import FILE
from engine.errors import UsageError
from engine.places import CACHE_VARIABLE, cache_folder
from tests.dashboard.made import ROOT, open_page

BAR: Final = 1.5
SHORT_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 3_600
AREA: Final = "box_-999_-999_999_999"
"""All points of an embedding."""


@dataclass(frozen=True)
class Step:
    """A page as it is opened, and the keys of the buttons that are pressed there, where they are drawn."""

    page: str
    address: dict[str, str] = field(default_factory=dict)
    presses: tuple[str, ...] = ()


METHODS: Final = "layercam,hirescam,integrated_gradients,occlusion,smoothgrad,scorecam"
STEPS: Final = (
    Step(pages.EXPLAIN, {"sample": "drawn-happy"}, ("show_other_classes",)),
    Step(pages.EXPLAIN, {"sample": "drawn-sad", "methods": METHODS}),
    Step(pages.EXPLAIN, {"sample": "drawn-fear"}, ("check_trust", "check_sanity")),
    Step(pages.EXPLAIN, {"sample": "drawn-angry"}, ("make_sheet",)),
    Step(pages.COMPARE, {"sample": "drawn-surprise"}),
    Step(pages.WHAT_IF, {"sample": "drawn-surprise"}),
    Step(pages.ACTIVATIONS, {"sample": "drawn-surprise", "sample_of": "synthetic"}),
    Step(pages.EVALUATION, {"tab": "Embedding", "area": AREA, "tiles_show": "Grad-CAM"}),
    Step(pages.EVALUATION, {"tab": "Embedding", "layout": "t-SNE of the logits"}),
    Step(pages.DATA, {"dataset": "synthetic"}),
    Step(pages.EVIDENCE, {"answered": "right"}),
    Step(pages.VIDEO, {"film": "example"}, ("film_read",)),
)


@dataclass(frozen=True)
class Kept:
    """A promise and what came of it."""

    model: str
    turn: int
    work: str
    promised: float
    took: float
    load: float

    @property
    def ratio(self) -> float:
        """How many times as long as promised it took."""
        return self.took / max(self.promised, 1e-6)


class _Ear(logging.Handler):
    """Hears what each work promised and took, as its job logs it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.heard: list[tuple[str, float, float]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 3:
            name, promised, took = record.args
            self.heard.append((str(name), float(str(promised)), float(str(took))))


@contextmanager
def _fresh_costs() -> Iterator[None]:
    """Keep costs in a folder of its own, with all else that the cache holds: drawn faces are not drawn again."""
    usual, before = cache_folder(), os.environ.get(CACHE_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="ferlens-promises-") as folder:
        for entry in usual.iterdir() if usual.is_dir() else ():
            if entry.name != FILE:
                (Path(folder) / entry.name).symlink_to(entry)
        os.environ[CACHE_VARIABLE] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[CACHE_VARIABLE]
            else:
                os.environ[CACHE_VARIABLE] = before


def walk(model: str, steps: Sequence[Step], ear: _Ear, turn: int) -> Iterator[Kept]:
    """Go through the pages once, with nothing known but costs."""
    st.cache_data.clear()
    st.cache_resource.clear()
    for step in steps:
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=PATIENCE_SECONDS)
        app = open_page(app, step.page, model=model, **step.address)
        for key in step.presses:
            found = [button for button in app.button if button.key == key]
            if found and not found[0].disabled:
                app = found[0].click().run()
        for problem in app.exception:
            sys.stderr.write(f"{step.page}: {problem.value}\n")
        for name, promised, took in ear.heard:
            kept = Kept(model, turn, name, promised, took, os.getloadavg()[0])
            sys.stderr.write(f"{turn} {model:14} {name:28} promised {promised:6.2f} took {took:6.2f}\n")
            yield kept
        ear.heard.clear()


def figures(kept: Sequence[Kept]) -> dict[str, Any]:
    """Return the JSON-ready figures of the round that compares."""
    long = [one for one in kept if max(one.promised, one.took) >= SHORT_SECONDS]
    within = [one for one in long if 1.0 / BAR <= one.ratio <= BAR]
    return {
        "bar": BAR,
        "works": len(long),
        "within_bar": len(within),
        "median_ratio": round(median(one.ratio for one in long), 2) if long else None,
        "too_short_for_a_bar": len(kept) - len(long),
        "rows": [
            {
                "model": one.model,
                "work": one.work,
                "promised_seconds": round(one.promised, 2),
                "took_seconds": round(one.took, 2),
                "ratio": round(one.ratio, 2),
                "load": round(one.load, 1),
            }
            for one in sorted(kept, key=lambda one: -max(one.promised, one.took))
        ],
    }


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promises", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", action="append", help="may be given again (default: synthetic-cbam)")
    parser.add_argument("--rounds", type=int, default=3, help="the last one compares (default: %(default)s)")
    parser.add_argument("--page", action="append", help="only the pages whose file has this in its name")
    given = parser.parse_args(arguments)
    if given.rounds < 2:
        raise UsageError("Expected --rounds to be 2 or more: the first one learns.")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk and print one JSON document; status 1 where a promise was not kept."""
    given = parse(arguments)
    steps = [step for step in STEPS if not given.page or any(part in step.page for part in given.page)]
    ear, logger = _Ear(), logging.getLogger(job.__name__)
    patience, level = long_work.PATIENCE_SECONDS, logger.level
    logger.addHandler(ear)
    logger.setLevel(logging.INFO)
    long_work.PATIENCE_SECONDS = PATIENCE_SECONDS
    try:
        with _fresh_costs():
            rounds = [
                [one for model in given.model or ["synthetic-cbam"] for one in walk(model, steps, ear, turn)]
                for turn in range(given.rounds)
            ]
    finally:
        logger.removeHandler(ear)
        logger.setLevel(level)
        long_work.PATIENCE_SECONDS = patience
    document = {"cores": os.cpu_count(), "rounds": given.rounds, **figures(rounds[-1])}
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return int(document["within_bar"] < document["works"])


if __name__ == "__main__":
    sys.exit(main())
