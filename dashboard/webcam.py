"""The live page: ``python -m dashboard.webcam``."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

# Run as a script, the folder of this file is on the path, not the project's root.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

from dashboard.doors.doors import Doors
from dashboard.doors.running import Running, start
from dashboard.live.limits import PREFIX, Limits
from dashboard.live.serving import (
    check_port,
    exit_status,
    is_free,
    leave_room_for_the_page,
    mount_live,
)
from dashboard.shell.snapshots import ADDRESS, PORTS
from engine.cli.common import add_device_option
from engine.cli.dashboard import OWN_DEVICE
from engine.cli.serve import add_door_arguments
from engine.errors import UsageError
from engine.models.checkpoint import DEFAULT_MODEL


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboard.webcam",
        description="Serve the live page: a camera's faces with their emotions, and an API.",
        epilog=f"Limits are settings of the environment: {PREFIX}VIEWERS, {PREFIX}UPLOAD_MEGABYTES and so on, "
        "see docs/live.md.",
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name (default: %(default)s)")
    parser.add_argument("--share", action="store_true", help="offer a public link too; protect it with --auth")
    parser.add_argument("--port", type=int, help=f"default: the first free one from {PORTS.start} on")
    parser.add_argument(
        "--dashboard",
        metavar="URL",
        default="http://127.0.0.1:8501",
        help="where the dashboard is served, for snapshots to open in Explain (default: %(default)s)",
    )
    parser.add_argument(
        "--until-closed", action="store_true", help="end when standard input is closed, as whoever started it ends"
    )
    add_device_option(parser, None, words=f"of the models {OWN_DEVICE}: ")
    add_door_arguments(parser)
    return parser.parse_args(arguments)


def free_port(asked: int | None) -> int:
    """Return the port to serve at. Raises UsageError where the one asked for, or each that is tried, is taken."""
    if asked is not None:
        check_port(asked)
    tried = PORTS if asked is None else range(asked, asked + 1)
    for port in tried:
        if is_free(ADDRESS, port):
            return port
    span = str(tried[0]) if len(tried) == 1 else f"{tried[0]} to {tried[-1]}"
    raise UsageError(f"Expected a free port, but {span} is taken; choose another with --port.")


def begin(arguments: argparse.Namespace) -> Running:
    """Serve the page from now on, in a thread; say where.

    Raises:
        FerLensError: an option makes no sense, or the model cannot be loaded.
    """
    from dashboard.live.page import build_page

    port, limits = free_port(arguments.port), Limits.from_environment(os.environ)
    doors = Doors.read(arguments, os.environ, host=ADDRESS, reached=arguments.dashboard)
    if arguments.device is not None:
        from engine.training.device import prefer_device  # brings torch

        prefer_device(arguments.device)
    leave_room_for_the_page()
    page = build_page(arguments.model, limits=limits, dashboard=arguments.dashboard)
    app = doors.around(mount_live(page, limits, path="/", login=bool(doors.accounts)), port=port)
    running = start(app, ADDRESS, port, page=page, tidy=page.uploads.close)
    if arguments.until_closed:
        threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    _say(f"Live page: {running.address}")
    if port not in PORTS:
        _say(f"Snapshots: start the dashboard with FERLENS_LIVE_URL=http://{ADDRESS}:{port}, so that it finds them.")
    if arguments.share:
        shared = share(doors, port)
        _say(f"Public link: {shared}" if shared else "No public link: the tunnel cannot be made; serving here alone.")
        if shared and not doors.accounts:
            _say("Whoever has the link can use it; --auth FILE protects it.")
    return running


def share(doors: Doors, port: int) -> str | None:
    """Ask Gradio for a public link and let its visitors in; return it, or None where none can be made."""
    from gradio import networking

    try:
        # Gradio's own lines about addresses and tunnels are several and not plain.
        with contextlib.redirect_stdout(io.StringIO()):
            tunnel = networking.setup_tunnel(
                local_host=ADDRESS,
                local_port=port,
                share_token=secrets.token_urlsafe(32),
                share_server_address=None,
                share_server_tls_certificate=None,
            )
    except Exception:  # noqa: BLE001  # whatever the tunnel's library meets, there is no link
        return None
    host = urlsplit(tunnel).netloc
    doors.open_tunnel(host)
    return f"https://{host}"


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Serve; status 2 for wrong use, 1 for what failed, each with one line."""
    return exit_status(lambda: begin(parse(arguments)).until_signal())


if __name__ == "__main__":
    sys.exit(main())
