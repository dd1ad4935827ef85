"""``ferlens dashboard``: the pages at http://127.0.0.1:8501, wherever the command is started.

The engine knows no interface: the commands that serve become other programs, which they name and do not import.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Final, NoReturn

from engine.cli.common import add_device_option
from engine.errors import UsageError
from engine.places import CODE, DEVICE_VARIABLE

HOST: Final = "127.0.0.1"
PORT: Final = 8501
OWN_DEVICE: Final = f"(default: the variable {DEVICE_VARIABLE}, else cpu)"
"""How the commands that serve explain ``--device``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--host", default=HOST, help="address to serve at (default: %(default)s, this machine alone)")
    parser.add_argument("--port", type=int, default=PORT, help="default: %(default)s")
    add_device_option(parser, None, words=f"of the models, until the page Models says otherwise {OWN_DEVICE}: ")


def run(arguments: argparse.Namespace) -> NoReturn:
    """Become Streamlit, so that Ctrl-C and a kill reach it; its settings lie beside the page."""
    if arguments.device is not None:
        from engine.training.device import choose_device  # brings torch: not before it is needed

        os.environ[DEVICE_VARIABLE] = str(choose_device(arguments.device))
    home = str(CODE / "dashboard" / "Home.py")
    become("streamlit", "run", home, "--server.address", arguments.host, "--server.port", str(arguments.port))


def become(module: str, *words: str) -> NoReturn:
    """Run a module of the dashboard, or Streamlit, in place of this process.

    Raises:
        UsageError: only the engine is here.
    """
    if not (CODE / "dashboard" / "Home.py").is_file():
        raise UsageError("Expected the folder 'dashboard' beside 'engine', but it is not there; get the whole project.")
    paths = [str(CODE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, *words], environment)  # noqa: S606 - our own interpreter
