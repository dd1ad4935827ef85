"""One server for a deployment: Streamlit's pages at ``/``, the Gradio page and its API at ``/live``.

``python -m engine serve`` starts it. Both run in one process, so a snapshot passes from the live page to Explain in
memory. See docs/deploy.md.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboard.live.limits import Limits
from dashboard.live.serving import check_port, exit_status, gradio_options, is_free
from engine.cli.serve import add_arguments
from engine.errors import UsageError

if TYPE_CHECKING:
    import streamlit as st

HOME: Final = Path(__file__).resolve().parent / "Home.py"
LIVE: Final = "/live"
STOP_SECONDS: Final = 3
"""How long open pages may hold up the end; their connections never end by themselves."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m engine serve", description="Serve dashboard and live page.")
    add_arguments(parser)
    return parser.parse_args(arguments)


def build_app(model: str, *, port: int) -> st.App:
    """Return the whole as an ASGI application.

    Args:
        model: the live page's first checkpoint; it is loaded here.
        port: the one that it will be served at.

    Raises:
        FerLensError: the model cannot be loaded, or a setting makes no sense.
    """
    import gradio as gr
    import streamlit as st
    from fastapi import FastAPI
    from starlette.responses import RedirectResponse
    from starlette.routing import Mount, Route

    from dashboard.live.page import build_page
    from dashboard.live.snapshot_route import add_snapshot_route

    limits = Limits.from_environment(os.environ)
    # Where the pages find the live page: the server itself, and browsers, which may know the server by another name.
    os.environ["FERLENS_LIVE_URL"] = f"http://127.0.0.1:{port}{LIVE}"
    os.environ["FERLENS_LIVE_LINK"] = f"{LIVE}/"
    page = build_page(model, limits=limits, dashboard="")
    shell = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        shell, page, path=LIVE, allowed_paths=[], show_error=False, **gradio_options(limits, page.uploads)
    )
    (mount,) = (route for route in shell.routes if isinstance(route, Mount) and route.path == LIVE)
    add_snapshot_route(mount.app)  # type: ignore[arg-type]  # Gradio's application is a FastAPI

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        async with shell.router.lifespan_context(shell):  # Gradio starts and ends its queue here
            yield

    def with_slash(_: object) -> RedirectResponse:  # without it Streamlit would look for a page of that name
        return RedirectResponse(f"{LIVE}/")

    return st.App(HOME, routes=[Route(LIVE, with_slash), mount], lifespan=lifespan)


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
    import uvicorn

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill ends it as Ctrl-C does: status 0
    check_free(arguments.host, arguments.port)
    app = build_app(arguments.model, port=arguments.port)
    config = uvicorn.Config(
        app,
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    logging.getLogger("uvicorn.error").addFilter(_was_not_cut)
    # Streamlit hands on what uvicorn was told not to log: who asked for what, snapshots' tokens among it.
    logging.getLogger("uvicorn.access").disabled = True
    shown = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    sys.stdout.write(
        f"Dashboard: http://{shown}:{arguments.port}/\nLive page: http://{shown}:{arguments.port}{LIVE}/\n"
    )
    sys.stdout.flush()
    uvicorn.Server(config).run()


def _was_not_cut(record: logging.LogRecord) -> bool:
    """Leave out that an open page's connection was cut: that is how serving ends, and no error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def main(arguments: list[str] | None = None) -> int:
    """Serve; status 2 for wrong use, 1 for what failed, each with one line."""
    return exit_status(lambda: serve(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
