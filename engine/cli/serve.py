"""``python -m engine serve``: the dashboard and the live page from one port.

The engine knows no interface: this command becomes ``python -m dashboard.serve``, which it names and does not import.
"""

from __future__ import annotations

import argparse
from typing import Final, NoReturn

from engine.cli.dashboard import HOST, PORT, become
from engine.models.checkpoint import DEFAULT_MODEL

SERVER: Final = "dashboard.serve"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--host",
        default=HOST,
        help="address to serve at (default: %(default)s, this machine alone; 0.0.0.0 lets others in, without a login)",
    )
    parser.add_argument("--port", type=int, default=PORT, help="default: %(default)s")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="checkpoint name, the live page's first (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> NoReturn:
    """Become the server, so that Ctrl-C and a kill reach it."""
    become(SERVER, "--host", arguments.host, "--port", str(arguments.port), "--model", arguments.model)
