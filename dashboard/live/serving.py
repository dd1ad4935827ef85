"""What the two ways of serving the live page share: ports, Gradio's options, and errors as one line."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.errors import FerLensError, UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from dashboard.live.limits import Limits


def check_port(port: int) -> None:
    """Raise UsageError where ``port`` is no number of a port."""
    if not 1 <= port <= 65_535:
        raise UsageError(f"Expected --port from 1 to 65535, got {port}; choose another.")


def is_free(host: str, port: int) -> bool:
    """Return whether a server could take ``port`` at ``host`` now. Raises UsageError where ``host`` is not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError(f"Expected --host as an address of this machine, got '{host}'; try 127.0.0.1.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


def leave_room_for_the_page() -> None:
    """Let one frame's model take half of the cores, in this process from now on.

    A face of 48 pixels gains little from more, while the frame's JPEG, the next request and other viewers need the
    rest; ``python -m benchmarks.live_page`` measures what a viewer gets.
    """
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))


def mount_live(page: Any, limits: Limits, *, path: str, login: bool) -> FastAPI:
    """Return an application that serves the live page at ``path``, without anything of Gradio's own that it can leave.

    Args:
        page: of :func:`dashboard.live.page.build_page`.
        limits: how large an upload, and the body of any request, may be.
        path: ``/`` or, for example, ``/live``.
        login: whether :class:`dashboard.doors.login.Login` stands before it; Gradio then asks for its user too.
    """
    import gradio as gr
    from fastapi import FastAPI, Request
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    from dashboard.doors.body_limit import BodyLimit
    from dashboard.doors.login import USER
    from dashboard.live.gate import Gate
    from dashboard.live.look import style
    from dashboard.live.snapshot_route import add_snapshot_route

    silent: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None}
    gate = [Middleware(BodyLimit, largest=limits.body_bytes), Middleware(Gate, uploads=page.uploads, limits=limits)]

    def user(request: Request) -> str | None:
        found: str | None = request.scope.get(USER)
        return found

    shell = FastAPI(**silent)
    gr.mount_gradio_app(
        shell,
        page,
        path=path,
        app_kwargs={"middleware": gate, **silent},
        auth_dependency=user if login else None,
        allowed_paths=[],
        show_error=False,
        max_file_size=f"{limits.upload_megabytes}mb",
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        enable_monitoring=False,
        mcp_server=False,
        **style(),
    )
    (mount,) = (route for route in shell.routes if isinstance(route, Mount))
    add_snapshot_route(mount.app)  # type: ignore[arg-type]  # Gradio's application is a FastAPI
    return shell


def exit_status(serve: Callable[[], object]) -> int:
    """Serve until it ends; return 0, or 2 for wrong use and 1 for what failed, each with one line on stderr."""
    try:
        serve()
    except FerLensError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        pass
    return 0
