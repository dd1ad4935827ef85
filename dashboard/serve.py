"""One server for a deployment: Streamlit's pages at ``/``, the Gradio page and its API at ``/live``.

``python -m engine serve`` starts it. Both run in one process, so a snapshot passes from the live page to Explain in
memory. See docs/deploy.md.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dashboard.doors.body_limit import Application, Message, Receive, Send
from dashboard.doors.doors import Doors
from dashboard.doors.hosts import refuse
from dashboard.live.limits import Limits
from dashboard.live.serving import check_port, exit_status, is_free, mount_live
from engine.cli.serve import add_arguments
from engine.errors import UsageError
from engine.models.adopted.trust_code import trust
from engine.places import CHANGING_VARIABLE

if TYPE_CHECKING:
    import streamlit as st

HOME: Final = Path(__file__).resolve().parent / "Home.py"
LIVE: Final = "/live"
UNUSED: Final = re.compile(
    r"/+(_stcore/(?!(health|host-config|stream|upload_file/.+|bidi-components/.+)/?$)|auth/|oauth2callback|app/static/)"
)
"""What Streamlit answers beside what its pages use: figures about itself, an interface for programs, other logins."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m engine serve", description="Serve dashboard and live page.")
    add_arguments(parser)
    return parser.parse_args(arguments)


def build_app(page: Any, limits: Limits, *, port: int, login: bool) -> st.App:
    """Return the whole as an ASGI application.

    Args:
        page: the live page.
        limits: of it.
        port: the one that it will be served at.
        login: whether it stands behind a login.
    """
    import streamlit as st
    from starlette.responses import RedirectResponse
    from starlette.routing import Mount, Route
    from streamlit import config

    config.set_option("server.allowedHosts", [])  # the doors check them, for every route
    # Where the pages find the live page: the server itself, and browsers, which may know the server by another name.
    os.environ["FERLENS_LIVE_URL"] = f"http://127.0.0.1:{port}{LIVE}"
    os.environ["FERLENS_LIVE_LINK"] = f"{LIVE}/"
    shell = mount_live(page, limits, path=LIVE, login=login)
    (mount,) = (route for route in shell.routes if isinstance(route, Mount) and route.path == LIVE)

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        async with shell.router.lifespan_context(shell):  # Gradio starts and ends its queue here
            yield

    def with_slash(_: object) -> RedirectResponse:  # without it Streamlit would look for a page of that name
        return RedirectResponse(f"{LIVE}/")

    return st.App(HOME, routes=[Route(LIVE, with_slash), mount], lifespan=lifespan)


class Listed:
    """Wrap Streamlit's application: of what it offers beside its pages, let through what the pages use.

    Args:
        app: the application.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 404 to what is not used."""
        if scope["type"] != "lifespan" and UNUSED.match(str(scope["path"])):
            await refuse(scope, receive, send, 404, "Not Found")
            return
        await self.app(scope, receive, send)


def check_free(host: str, port: int) -> None:
    """Raise UsageError where ``port`` cannot be served at."""
    check_port(port)
    if not is_free(host, port):
        raise UsageError(
            f"Expected port {port} at {host} to be free and ours to take, but it is not; choose another with "
            "--port, or another --host."
        )


def serve(arguments: argparse.Namespace) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises FerLensError where it cannot begin."""
    from dashboard.doors.running import start
    from dashboard.live.page import build_page

    host, port = arguments.host, arguments.port
    check_free(host, port)
    doors = Doors.read(arguments, os.environ, host=host)
    limits = Limits.from_environment(os.environ)
    if arguments.device is not None:
        from engine.training.device import prefer_device  # brings torch

        prefer_device(arguments.device)
    trust(arguments.trust_code)  # and nothing that the environment says: who is served did not choose to run code
    os.environ[CHANGING_VARIABLE] = "yes" if arguments.allow_adding else "no"
    page = build_page(arguments.model, limits=limits, dashboard="")
    app = doors.around(Listed(build_app(page, limits, port=port, login=bool(doors.accounts))), port=port)
    # Streamlit hands on what uvicorn was told not to log: who asked for what, snapshots' tokens among it.
    logging.getLogger("uvicorn.access").disabled = True
    running = start(app, host, port, page=page, tidy=page.uploads.close)
    sys.stdout.write(f"Dashboard: {running.address}\nLive page: {running.address}{LIVE[1:]}/\n")
    sys.stdout.flush()
    running.until_signal()


def main(arguments: list[str] | None = None) -> int:
    """Serve; status 2 for wrong use, 1 for what failed, each with one line."""
    return exit_status(lambda: serve(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
