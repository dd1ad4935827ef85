"""Adding a network: files, what it is, an optional check. The work is done by ``engine.lens.shelf``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import long_work, say
from dashboard.shell.handed_in import MOST_MEGABYTES
from dashboard.shell.long_work import LongWork
from engine.errors import FerLensError
from engine.lens.dropped import WEIGHTS_SUFFIXES, NamedFile
from engine.lens.known import ATTENTION, known_networks
from engine.lens.shelf import Added, NewNetwork, add, analyses_of, class_names, is_taken, may_change
from engine.models.checkpoint import read_card
from engine.places import checkpoint_path
from engine.training.device import preferred_device

FILES: Final = "add_files"
PICTURES: Final = "add_pictures"
PICTURES_MEGABYTES: Final = MOST_MEGABYTES
"""Of a zip of pictures; weights alone may have what the server takes."""
LIBRARIES: Final = ("torchvision", "timm")
NO_ATTENTION: Final = "as the library builds it"
DOMAINS: Final[dict[str, str]] = {"faces": "faces", "pictures": "pictures, taken whole"}
FITS: Final[dict[str, str]] = {"": "as usual", "pad": "pad", "stretch": "stretch", "crop": "cut out the middle"}


def adding() -> LongWork[Added]:
    """What this visitor adds."""
    return long_work.of("adding a network")


def checking() -> LongWork[Added]:
    """What this visitor checks again."""
    return long_work.of("checking a network")


def form() -> None:
    """Draw the fields and the button; add when it is pressed, after a question where the name is taken by one.

    What other fields hang on stands first. The rest is one form, which the page hears of when the button is pressed: no
    run of the page comes between a file that is dropped and the server's answer where to send it, and the button waits
    until what was dropped has arrived.
    """
    work = adding()
    number = work.successes  # the fields begin anew after each network
    largest = int(st.get_option("server.maxUploadSize"))
    files = st.file_uploader(
        f"Weights ({', '.join(WEIGHTS_SUFFIXES[:2])}), or card.json, graph.json and weights.safetensors, or a .zip; "
        f"{largest:,} MB a file at most",
        accept_multiple_files=True,
        key=f"{FILES}.{number}",
        help="Weights are read as weights; nothing of a file is run. Larger than "
        f"{largest:,} MB: python -m engine import takes any size.",
    )
    exported = any(file.name.lower().endswith((".json", ".zip")) for file in files)
    library = "" if exported else _library(number)
    with st.form(f"add_form.{number}", border=False, enter_to_submit=False):
        with st.container(key="stack-add"):
            left, right = st.columns(2, gap="large")
        with left:
            name = st.text_input("Name on the shelf", key=f"add_name.{number}", max_chars=100)
            wanted = NewNetwork(name) if exported else _described(name, library, number)
            if exported:
                st.caption("An exported network: its card says its classes, its input and where it is from.")
        with right:
            if not exported:
                wanted = _input(wanted, number)
            pictures = st.file_uploader(
                "Check it against your pictures (optional): a .zip with one folder a class",
                key=f"{PICTURES}.{number}",
                max_upload_size=PICTURES_MEGABYTES,
                help="Accuracy with its interval, figures by class, whether the classes are in the right order, and "
                "whether another normalisation fits better.",
            )
        st.form_submit_button(
            "Add to the shelf",
            type="primary",
            disabled=not files or work.is_at_work,
            key="add_button",
            on_click=work.ask,
        )
    if not files:
        work.answered()
    elif work.is_asked:
        named = [NamedFile(file.name, file.getvalue()) for file in files]
        shown = NamedFile(pictures.name, pictures.getvalue()) if pictures is not None else None
        _begin(work, named, wanted, shown)


def _library(number: int) -> str:
    return st.segmented_control("Built by", LIBRARIES, default=LIBRARIES[0], required=True, key=f"add_library.{number}")


def _described(name: str, library: str, number: int) -> NewNetwork:
    try:
        known = known_networks(library)
    except FerLensError as error:
        say.problems([str(error)])
        known = ()
    usual = known.index("resnet18") if "resnet18" in known else 0
    network = st.selectbox("Network", known, index=usual if known else None, key=f"add_network.{library}.{number}")
    attention = NO_ATTENTION
    if library == "timm":
        attention = st.selectbox(
            "Attention in its blocks",
            (NO_ATTENTION, *ATTENTION),
            key=f"add_attention.{number}",
            help="timm builds it into ResNets where block_args says so; name what the weights were trained with.",
        )
    classes = st.text_input(
        "Classes, in the order of the outputs",
        key=f"add_classes.{number}",
        placeholder="angry, disgust, fear, happy, neutral, sad, surprise",
    )
    return NewNetwork(
        name,
        f"{library}:{network}",
        (classes,),
        attention="" if attention == NO_ATTENTION else attention,
    )


def _input(wanted: NewNetwork, number: int) -> NewNetwork:
    size = st.text_input(
        "Input: height x width x channels", key=f"add_size.{number}", placeholder="48x48x1; empty: the library’s own"
    )
    first, second = st.columns(2)
    mean = first.text_input("Mean", key=f"add_mean.{number}", placeholder=".5")
    std = second.text_input("Standard deviation", key=f"add_std.{number}", placeholder=".5")
    domain: Any = st.segmented_control(
        "It is about",
        list(DOMAINS),
        default="faces",
        required=True,
        format_func=DOMAINS.__getitem__,
        key=f"add_domain.{number}",
    )
    fit = st.selectbox("Pictures of another shape", list(FITS), format_func=FITS.__getitem__, key=f"add_fit.{number}")
    return NewNetwork(
        wanted.name, wanted.source, wanted.classes, size.strip(), mean.strip(), std.strip(), fit, domain,
        wanted.attention,
    )  # fmt: skip


def _begin(work: LongWork[Added], files: Sequence[NamedFile], wanted: NewNetwork, pictures: NamedFile | None) -> None:
    if _is_replaceable(wanted.name.strip()):
        work.forget()
        _ask_to_replace(files, wanted, pictures)
        work.answered()
        return
    checking().forget()
    work.begin(partial(_added, files, wanted, pictures, overwrite=False))
    st.rerun()


def _added(files: Sequence[NamedFile], wanted: NewNetwork, pictures: NamedFile | None, *, overwrite: bool) -> Added:
    if wanted.source:
        wanted = replace(wanted, classes=class_names(",".join(wanted.classes)))
    return add(files, wanted, pictures=pictures, overwrite=overwrite, device=preferred_device())


def _is_replaceable(name: str) -> bool:
    try:
        return bool(name) and is_taken(name) and may_change(read_card(checkpoint_path(name)))
    except FerLensError:
        return False


@st.dialog("Replace the network?")
def _ask_to_replace(files: Sequence[NamedFile], wanted: NewNetwork, pictures: NamedFile | None) -> None:
    name = wanted.name.strip()
    count = analyses_of(name)
    gone = f" and its {count} analyses go" if count > 1 else " and its analysis go" if count else " goes"
    st.markdown(
        plain(f"There is a network “{name}” already. Its weights{gone} when it is replaced; there is no way back.")
    )
    first, second = st.columns(2)
    begin = partial(adding().begin, partial(_added, files, wanted, pictures, overwrite=True))
    if first.button("Replace", type="primary", key="replace_yes", width="stretch", on_click=begin):
        st.rerun()
    if second.button("Keep it", key="replace_no", width="stretch"):
        st.rerun()


def last() -> None:
    """Draw what the last adding, or check, came to; wait for one that is at work."""
    added, checked = adding(), checking()
    added.follow("Building it, looking for its gates, storing and checking it; some take a minute.")
    checked.follow("Checking it on your pictures.")
    say.problems([work.problem for work in (added, checked) if work.problem])
    _show(added.value)
    if checked.value is not None:
        _show_report(checked.value)


def _show(done: Added | None) -> None:
    if done is None:
        return
    st.success(plain(f"{done.card.name} is on the shelf; choose it in the sidebar of any page."))
    if done.input_from:
        st.caption(plain(f"The input’s figures that were not named are {done.input_from}."))
    if done.left_out:
        st.caption(plain(f"Left out, as a network does not need them: {', '.join(done.left_out)}."))
    if done.problem:
        st.warning(plain(f"It was not checked: {done.problem}"))
    _show_report(done)


def _show_report(done: Added) -> None:
    if done.report is not None:
        st.code(str(done.report), language=None, wrap_lines=True)
