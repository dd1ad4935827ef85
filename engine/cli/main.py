"""The command line: one file a command, one plain line for an error, exit status 0 / 2 (wrong use) / 1 (failed)."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Final

from engine.errors import FerLensError, UsageError

COMMANDS: Final[dict[str, str]] = {
    "train": "train a model by a recipe, or resume a run",
    "ablate": "train a model whole and without each of its parts, and tabulate the difference",
    "loso": "train without each person in turn and measure on that person",
    "evaluate": "measure a checkpoint on a split of a dataset",
    "analyze": "pass over a dataset once; keep answers, gates and Grad-CAM by picture and by class",
    "audit": "find copies, leaks between splits, conflicting labels and blanks in a dataset",
    "balance": "make a training set with as many pictures of each class, or class weights",
    "enhance": "enlarge a dataset's pictures (SwinIR), colour them (DDColor), or both",
    "compare": "compare two checkpoints on the same pictures",
    "predict": "classify the faces of pictures or folders",
    "explain": "write the attention gates and explanations of one picture",
    "video": "follow the faces of a film, stream or camera and their emotions over time",
    "dashboard": "serve the pages at http://127.0.0.1:8501",
    "webcam": "serve the live page, with a camera, at http://127.0.0.1:7860",
    "serve": "serve the dashboard and the live page from one port",
    "export": "write a checkpoint as ONNX, TorchScript or PT2 for other programs",
    "benchmark": "measure explanations against known evidence, or the store's speed",
    "report": "write a model's evaluation as one HTML file, with figures for print",
    "import": "bring your own network: any PyTorch classifier, its gates found by themselves",
    "models": "list the checkpoints: parameters, inputs, gates, metrics",
    "card": "write a model card: what a model is for, its figures and its limits, as hubs read it",
    "doctor": "print versions, devices, and where data, models and caches lie: for bug reports",
}
"""Each name is a module ``engine.cli.<name>`` with ``add_arguments(parser)`` and ``run(arguments) -> int``."""

_MODULES: Final = {"import": "import_network"}
"""Commands that no module can be called after."""


_OPENING: Final = ("evaluate", "analyze", "compare", "predict", "explain", "video", "dashboard", "export")
"""Commands that open models and are told here whose code may run; ``benchmark`` and ``serve`` tell themselves."""

PROGRAM: Final = "python -m engine"
PASSED_ON: Final = ("webcam",)
"""Commands whose words another program reads, ``--help`` too."""


def _module(name: str | None) -> ModuleType:
    return importlib.import_module(f"engine.cli.{_MODULES.get(str(name), name)}")


def build_parser(chosen: str | None = None, *, program: str = PROGRAM) -> argparse.ArgumentParser:
    """Build the parser; only the ``chosen`` command's module is imported, so that help is quick."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Train facial-expression models with attention; measure and explain what they look at.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        described = summary[0].upper() + summary[1:] + "."
        sub = subparsers.add_parser(name, help=summary, description=described)
        if name == chosen:
            _module(name).add_arguments(sub)
            if name in _OPENING:
                from engine.cli.common import add_trust_option

                add_trust_option(sub)
    return parser


def ferlens() -> int:
    """Run the installed command ``ferlens``."""
    return main(program="ferlens")


def main(argv: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a character shows its number
            stream.reconfigure(errors="backslashreplace")
    chosen = next((word for word in words if word in COMMANDS), None)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)  # to stderr
    logging.getLogger("engine").setLevel(logging.INFO)
    try:
        if words[:1] == [chosen] and chosen in PASSED_ON:
            _module(chosen).pass_on(words[1:])
        arguments = build_parser(chosen, program=program).parse_args(words)
        command = _module(chosen)
        _trust(arguments)
        with _codes(arguments):
            status: int = command.run(arguments)
        sys.stdout.flush()  # here a full disk is an error of the command, at the interpreter's end a traceback
    except UsageError as error:
        return _complain(error, 2)
    except FerLensError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("Interrupted.", 1)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        _drop_output()
        return 0
    except OSError as error:  # the disk is full, a folder may not be written
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        what = f"'{Path(str(error.filename)).name}': " if error.filename else ""
        return _complain(f"{what}{error.strerror or type(error).__name__}; mend that and run the command again.", 1)
    return status


def _drop_output() -> None:
    """Let what is still to be printed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _codes(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """Let ``--codes`` decide, where a command has it, wherever a dataset is read."""
    if getattr(arguments, "codes", None) is None:
        return nullcontext()
    from engine.data.read.class_codes import choosing_codes

    return choosing_codes(arguments.codes)


def _trust(arguments: argparse.Namespace) -> None:
    """Let the code of the live networks run that ``--trust-code`` names, beside those of the variable."""
    named = getattr(arguments, "trust_code", None)
    if isinstance(named, list) and named:
        from engine.models.adopted.trust_code import trust, trusted

        trust((*trusted(), *named))


def _complain(message: object, status: int) -> int:
    sys.stderr.write(f"error: {message}\n")
    return status
