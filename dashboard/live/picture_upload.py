"""Gradio's file input without its surprises: nothing opened, nothing fetched, no file but an upload of this server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from dashboard.live.gate import NO_ADDRESS
from dashboard.live.uploads import Upload, Uploads
from engine.errors import PictureError


def picture_upload(uploads: Uploads) -> Any:
    """Return a ``gr.File`` that hands its function an :class:`Upload`, or None where no file was given.

    Gradio's own preparation hashes and copies whatever file a client names, leaves an empty temporary file a call, and
    downloads what is named by address. All of it is replaced on this one component: a subclass would make Gradio write
    a stub file beside this one. A path counts only where ``uploads`` holds it, whatever stands before this component.
    """
    component = gr.File(label="picture", visible=False)

    def prepare(payload: Any) -> Upload | None:
        if payload is None:
            return None
        try:
            return uploads.upload(Path(str(payload.path)), payload.orig_name)
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from error

    async def take(url_or_file_path: str | Path | None) -> str | None:
        path = Path(str(url_or_file_path))
        if "://" in str(url_or_file_path) or path == uploads.none(NO_ADDRESS):
            raise gr.Error(
                "Expected an uploaded picture, but got an address; this server fetches nothing, send the file.",
                print_exception=False,
            )
        return str(path)  # stays where it is: `prepare` says whether it is one of ours

    component.preprocess = prepare
    component.async_move_resource_to_block_cache = take
    return component


def refuse_files(component: Any) -> None:
    """Let a component that takes no file say so where a client sends one; nothing is opened, hashed or copied."""

    async def refuse(_: str | Path | None) -> str | None:
        raise gr.Error(
            "Expected no file for this value, but got one; send text, a number or true or false.", print_exception=False
        )

    component.async_move_resource_to_block_cache = refuse
