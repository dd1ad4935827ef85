"""``python -m engine benchmark``: measure explanations against known evidence, or how fast a part works."""

from __future__ import annotations

import argparse
from typing import Final

from engine.cli.benchmark import evidence, faces, gates, live, robustness, store, what_if
from engine.cli.common import add_trust_option

BENCHMARKS: Final[dict[str, str]] = {
    "evidence": "do explanations and gates point to where the evidence of built-in faces is known to be?",
    "faces": "how quickly are the built-in faces drawn?",
    "gates": "is each attention gate used, over a split and for each class? Each is replaced, and the answers compared",
    "live": "how long does a camera's frame take, and how well are faces tracked, on films whose truth is known?",
    "robustness": "how accuracy falls with blur, noise, JPEG, brightness and occlusion, at five severities",
    "store": "how quickly does the analysis store answer the dashboard, at a million pictures?",
    "what-if": "how long does an edit of a face take, until answer, gates and Grad-CAM follow?",
}
_FILES: Final = {
    "evidence": evidence,
    "faces": faces,
    "gates": gates,
    "live": live,
    "robustness": robustness,
    "store": store,
    "what-if": what_if,
}
"""The file of each benchmark."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmarks and their options."""
    which = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    for name, module in _FILES.items():
        parser_of_one = which.add_parser(name, help=BENCHMARKS[name], description=BENCHMARKS[name])
        module.add_arguments(parser_of_one)
        if "model" in {action.dest for action in parser_of_one._actions}:  # noqa: SLF001 - argparse lists them nowhere else
            add_trust_option(parser_of_one)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    status: int = _FILES[arguments.benchmark].run(arguments)
    return status
