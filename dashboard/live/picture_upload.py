"""Gradio's file input without its surprises: nothing opened, nothing fetched, no empty file left a call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from engine.errors import PictureError
from engine.media.pictures import Picture, open_picture


@dataclass(frozen=True)
class Upload:
    """A file that Gradio received: where it lies for the moment, and what its sender called it."""

    path: Path
    name: str

    def read(self, *, largest_bytes: int) -> Picture:
        """Decode the picture.

        The file stays for the page's sweep (``delete_cache``): Gradio names uploads by their content, so that another
        client's call may be about to read the same one.

        Raises:
            PictureError: one sentence, without any path.
        """
        try:
            if self.path.stat().st_size > largest_bytes:
                raise PictureError(
                    f"Expected a picture file of at most {largest_bytes / 2**20:.0f} MB, but '{self.name}' is larger; "
                    "shrink it or save it as JPEG."
                )
            return open_picture(self.path, name=self.name)
        except OSError as error:
            raise PictureError(
                f"Expected an uploaded picture, but '{self.name}' is no longer there; upload it again."
            ) from error


def picture_upload() -> Any:
    """Return a ``gr.File`` that hands its function an :class:`Upload`, or None where no file was given.

    Gradio's own preparation leaves an empty temporary file a call, and it downloads what a client names by address.
    Both are replaced on this one component: a subclass would make Gradio write a stub file beside this one.
    """
    component = gr.File(label="picture", visible=False)
    as_gradio_takes_files = component.async_move_resource_to_block_cache

    def prepare(payload: Any) -> Upload | None:
        if payload is None:
            return None
        return Upload(Path(payload.path), payload.orig_name or Path(payload.path).name)

    async def take(url_or_file_path: str | Path | None) -> str | None:
        if "://" in str(url_or_file_path):
            raise gr.Error(
                "Expected an uploaded picture, but got an address; this server fetches nothing, send the file.",
                print_exception=False,
            )
        moved: str | None = await as_gradio_takes_files(url_or_file_path)
        return moved

    component.preprocess = prepare
    component.async_move_resource_to_block_cache = take
    return component
