"""Adding a network: files, what it is, an optional check. The work is done by ``engine.lens.shelf``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import say
from engine.errors import FerLensError
from engine.lens.dropped import WEIGHTS_SUFFIXES, NamedFile
from engine.lens.known import ATTENTION, known_networks
from engine.lens.shelf import Added, NewNetwork, add, analyses_of, class_names, is_taken, may_change
from engine.models.checkpoint import read_card
from engine.places import checkpoint_path
from engine.training.device import preferred_device

FILES: Final = "add_files"
PICTURES: Final = "add_pictures"
DONE: Final = "add_done"
"""What the last adding came to, until the next."""
JOB: Final = "add_job"
"""What is being done."""
PROBLEM: Final = "add_problem"
"""Why the last adding came to nothing, until the next."""
ROUND: Final = "add_round"
"""Counts the networks that were added: the fields begin anew after each."""
LIBRARIES: Final = ("torchvision", "timm")
EXPORTED: Final = "its own card (exported by FERLens)"
NO_ATTENTION: Final = "as the library builds it"
DOMAINS: Final[dict[str, str]] = {"faces": "faces", "pictures": "pictures, taken whole"}
FITS: Final[dict[str, str]] = {"": "as usual", "pad": "pad", "stretch": "stretch", "crop": "cut out the middle"}


def form() -> None:
    """Draw the fields and the button; add when it is pressed, after a question where the name is taken by one."""
    number = st.session_state.setdefault(ROUND, 0)
    largest = int(st.get_option("server.maxUploadSize"))
    files = st.file_uploader(
        f"Weights ({', '.join(WEIGHTS_SUFFIXES[:2])}), or card.json, graph.json and weights.safetensors, or a .zip",
        accept_multiple_files=True,
        key=f"{FILES}.{number}",
        help="Weights are read as weights; nothing of a file is run. Larger than "
        f"{largest:,} MB: python -m engine import takes any size.",
    )
    exported = any(file.name.lower().endswith((".json", ".zip")) for file in files)
    with st.container(key="stack-add"):
        left, right = st.columns(2, gap="large")
    with left:
        name = st.text_input("Name on the shelf", key=f"add_name.{number}", max_chars=100)
        wanted = _described(name, number) if not exported else NewNetwork(name)
        if exported:
            st.caption("An exported network: its card says its classes, its input and where it is from.")
    with right:
        if not exported:
            wanted = _input(wanted, number)
        pictures = st.file_uploader(
            "Check it against your pictures (optional): a .zip with one folder a class",
            key=f"{PICTURES}.{number}",
            help="Accuracy with its interval, figures by class, whether the classes are in the right order, and "
            "whether another normalisation fits better.",
        )
    if st.button("Add to the shelf", type="primary", disabled=not files, key="add_button"):
        st.session_state.pop(DONE, None)
        named = [NamedFile(file.name, file.getvalue()) for file in files]
        shown = NamedFile(pictures.name, pictures.getvalue()) if pictures is not None else None
        _begin(named, wanted, shown)


def _described(name: str, number: int) -> NewNetwork:
    library = st.segmented_control(
        "Built by", LIBRARIES, default=LIBRARIES[0], required=True, key=f"add_library.{number}"
    )
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


def _begin(files: Sequence[NamedFile], wanted: NewNetwork, pictures: NamedFile | None) -> None:
    if _is_replaceable(wanted.name.strip()):
        _ask_to_replace(files, wanted, pictures)
        return
    begin(partial(_added, files, wanted, pictures, overwrite=False))


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
    if first.button("Replace", type="primary", key="replace_yes", width="stretch"):
        begin(partial(_added, files, wanted, pictures, overwrite=True))
    if second.button("Keep it", key="replace_no", width="stretch"):
        st.rerun()


def begin(work: Callable[[], Added]) -> None:
    """Do that work beside the page's runs, which :func:`last` follows.

    A run of the page ends as soon as another is asked for, by a field that was left, say; what it was at would be done
    and its outcome lost.
    """
    job: Future[Added] = Future()

    def do() -> None:
        try:
            job.set_result(work())
        except BaseException as error:  # noqa: BLE001  # it is raised again where the outcome is asked for
            job.set_exception(error)

    st.session_state.pop(PROBLEM, None)
    st.session_state.pop(DONE, None)
    st.session_state[JOB] = job
    threading.Thread(target=do, name="adding a network", daemon=True).start()
    st.rerun()


def _follow() -> None:
    """Wait for what is being done, in whichever run of the page, and keep what it came to."""
    job: Future[Added] | None = st.session_state.get(JOB)
    if job is None:
        return
    place = st.empty()
    seconds = 0
    while not job.done():
        place.info(
            f"Building it, looking for its gates, storing and checking it: {seconds:d} s; some take a minute.",
            icon=":material/hourglass:",
        )
        wait([job], timeout=1)
        seconds += 1
    place.empty()
    st.session_state.pop(JOB, None)
    try:
        st.session_state[DONE] = job.result()
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    except FerLensError as error:
        st.session_state[PROBLEM] = str(error)
    st.rerun()


def last() -> None:
    """Draw what the last adding, or check, came to; wait for one that is at work."""
    _follow()
    if PROBLEM in st.session_state:
        say.problems([st.session_state[PROBLEM]])
    done: Added | None = st.session_state.get(DONE)
    if done is None:
        return
    st.success(plain(f"{done.card.name} is on the shelf; choose it in the sidebar of any page."))
    if done.input_from:
        st.caption(plain(f"The input’s figures that were not named are {done.input_from}."))
    if done.left_out:
        st.caption(plain(f"Left out, as a network does not need them: {', '.join(done.left_out)}."))
    if done.problem:
        st.warning(plain(f"It was not checked: {done.problem}"))
    if done.report is not None:
        st.code(str(done.report), language=None, wrap_lines=True)
