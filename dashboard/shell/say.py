"""Empty states and errors: what is missing, why, and the one thing that mends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell.state import Source
from engine.errors import FerLensError
from engine.records import RunCard

NO_PICTURE: Final[dict[Source, str]] = {
    "upload": "**No picture yet.** Drop one or several anywhere on this page: JPEG, PNG, WebP and others.",
    "camera": "**No picture yet.** Allow the camera, here or in the sidebar, and press its button to take one shot.",
    "dataset": "**No picture.** Give a data set and the id of one of its pictures in the sidebar.",
    "sample": "**No sample was found.** Upload a picture instead.",
}


@contextmanager
def said() -> Iterator[None]:
    """Draw what an error of FERLens says in place of the rest of what is drawn inside."""
    try:
        yield
    except FerLensError as error:
        problems([str(error)])


def no_checkpoint() -> None:
    """Say that nothing is trained, and the one command that changes it."""
    with st.container(border=True):
        st.markdown(
            "**No trained model is here yet.** A model's checkpoint is a folder in `checkpoints/`. Make one with:"
        )
        st.code("python -m engine train --recipe cbam --start-from none --epochs 30 --data data", language="bash")
        st.caption(
            "It needs FER2013 (or a folder of your own) under `data/`; add `--minutes 10` for a short first try."
        )


def unchecked(card: RunCard) -> None:
    """Say of a network of others that nobody has measured it, and the command that does."""
    if card.is_adopted and not card.metrics:
        st.caption(
            plain(
                f"{card.name} is not checked against your data: whether its classes, their order and its input are "
                f"what they are taken for is not known. python -m engine evaluate --model {card.name} --dataset folder "
                "--data FOLDER --write-card measures it."
            )
        )


def no_picture(source: Source) -> None:
    """Say where the picture is to come from."""
    with st.container(border=True):
        st.markdown(NO_PICTURE[source])
        st.caption("Nothing you hand in is written to disk: it is explained in memory, and makes room for the next.")


def problems(sentences: Iterable[str]) -> None:
    """Show each sentence as an error of its own; what works stays usable below."""
    for sentence in sentences:
        st.error(plain(sentence), icon=":material/error:")
