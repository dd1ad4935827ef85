"""The live page: ``python -m dashboard.webcam``."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

# Run as a script, the folder of this file is on the path, not the project's root.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

from dashboard.live.limits import PREFIX, Limits
from dashboard.live.serving import (
    check_port,
    exit_status,
    gradio_options,
    is_free,
    leave_room_for_the_page,
)
from dashboard.shell.snapshots import ADDRESS, PORTS
from engine.errors import FerLensError, UsageError
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
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="let in only who knows these")
    parser.add_argument(
        "--dashboard",
        metavar="URL",
        default="http://127.0.0.1:8501",
        help="where the dashboard is served, for snapshots to open in Explain (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def credentials(text: str | None) -> tuple[str, str] | None:
    """Return user and password of ``USER:PASSWORD``; the password may hold colons. Raises UsageError."""
    if text is None:
        return None
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise UsageError("Expected --auth USER:PASSWORD, got something without one of the two; write both.")
    return user, password


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


def serve(arguments: argparse.Namespace, *, wait: bool = True) -> Any:
    """Serve the page until Ctrl-C; with ``wait`` False return the running ``gr.Blocks``.

    Raises:
        FerLensError: an option makes no sense, or the model cannot be loaded.
    """
    from dashboard.live.page import build_page
    from dashboard.live.snapshot_route import add_snapshot_route

    auth, port = credentials(arguments.auth), free_port(arguments.port)
    limits = Limits.from_environment(os.environ)
    leave_room_for_the_page()
    page = build_page(arguments.model, limits=limits, dashboard=arguments.dashboard)
    # Gradio's own lines about addresses and tunnels are several and not plain; ours say the same in one each.
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            app, local, shared = page.launch(
                server_name=ADDRESS,
                server_port=port,
                auth=auth,
                share=arguments.share,
                prevent_thread_lock=True,
                quiet=True,
                **gradio_options(limits, page.uploads),
            )
    except OSError as error:
        raise UsageError(
            f"Expected port {port} to be free, but it cannot be used; choose another with --port."
        ) from error
    except ValueError as error:  # Gradio asks its own server for a page before it goes on
        raise FerLensError(
            f"Expected {ADDRESS} to be reached directly, but a proxy stands between; add it to NO_PROXY."
        ) from error
    add_snapshot_route(app)
    _say(f"Live page: {local}")
    if port not in PORTS:
        _say(f"Snapshots: start the dashboard with FERLENS_LIVE_URL=http://{ADDRESS}:{port}, so that it finds them.")
    if arguments.share:
        _say(f"Public link: {shared}" if shared else "No public link: the tunnel cannot be made; serving here alone.")
        if shared and auth is None:
            _say("Whoever has the link can use it; --auth USER:PASSWORD protects it.")
    if wait:
        page.block_thread()
    return page


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Serve; status 2 for wrong use, 1 for what failed, each with one line."""
    return exit_status(lambda: serve(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
