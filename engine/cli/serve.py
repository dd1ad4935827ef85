"""``python -m engine serve``: the dashboard and the live page from one port.

The engine knows no interface: this command becomes ``python -m dashboard.serve``, which it names and does not import.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, NoReturn

from engine.cli.common import add_device_option, add_trust_option
from engine.cli.dashboard import HOST, OWN_DEVICE, PORT, become
from engine.models.checkpoint import DEFAULT_MODEL
from engine.places import TRUST_VARIABLE

SERVER: Final = "dashboard.serve"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--host",
        default=HOST,
        help="address to serve at (default: %(default)s, this machine alone; 0.0.0.0 lets others in: give --auth too)",
    )
    parser.add_argument("--port", type=int, default=PORT, help="default: %(default)s")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="checkpoint name, the live page's first (default: %(default)s)"
    )
    add_device_option(parser, None, words=f"of the models {OWN_DEVICE}: ")
    parser.add_argument(
        "--allow-adding",
        action="store_true",
        help="let visitors add, rename, replace and remove networks of others, and choose the device, on the page "
        "Models; whoever gets in may then use your disk and your processor",
    )
    add_trust_option(parser, words=f"; none does unless named here, whatever {TRUST_VARIABLE} says")
    add_door_arguments(parser)


def add_door_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare who gets in: the same for this server and for the live page alone; docs/deploy.md explains them."""
    parser.add_argument(
        "--auth",
        metavar="FILE",
        help="ask for a login; FILE holds a line USER:PASSWORD for each (or the variable FERLENS_AUTH holds one)",
    )
    for option, metavar, words in (
        ("--allow-host", "NAME", "a further name that the server is reached by, as NAME or NAME:PORT"),
        ("--allow-frame", "ORIGIN", "a site whose pages may show this one in a frame, such as https://huggingface.co"),
        ("--proxy", "ADDRESS", "a proxy whose X-Forwarded-For counts, an address or a network; no other's does"),
    ):
        parser.add_argument(option, metavar=metavar, action="append", default=[], help=f"{words}; may be repeated")


def run(arguments: argparse.Namespace) -> NoReturn:
    """Become the server, so that Ctrl-C and a kill reach it."""
    words = ["--host", arguments.host, "--port", str(arguments.port), "--model", arguments.model]
    words += [] if arguments.device is None else ["--device", arguments.device]
    words += ["--allow-adding"] if arguments.allow_adding else []
    words += [] if arguments.auth is None else ["--auth", str(Path(arguments.auth).expanduser().absolute())]
    for option in ("trust_code", "allow_host", "allow_frame", "proxy"):
        for value in getattr(arguments, option):
            words += [f"--{option.replace('_', '-')}", value]
    become(SERVER, *words)
