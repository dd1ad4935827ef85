"""The way in, on the page itself: a row of drop, camera and samples, and a strip of the pictures there are.

Files may be dropped anywhere on the page: the row's uploader takes them. The sidebar offers the same again; both work
on the one state of :mod:`dashboard.shell.handed_in`.
"""

from __future__ import annotations

import base64
from typing import Final

import streamlit as st

from dashboard.report.text import escape, plain
from dashboard.shell import handed_in, loaders, pinned, state, tagging, walk
from dashboard.shell.handed_in import PICTURE_INDEX
from dashboard.shell.origin import window
from dashboard.shell.state import NamedPicture, Selection

KEY: Final = "picture-row"
UPLOAD_PIXELS: Final = 96
"""Width of the uploader's button."""
CAMERA: Final = "camera_here"
STRIP_MOST: Final = 24
"""Thumbnails at a time, about the picture shown."""
_CAMERA_OPEN: Final = "camera_open"
_SAMPLES_OPEN: Final = "samples_open"

CSS: Final = f"""<style>
.st-key-{KEY}{{gap:.5rem;flex-wrap:nowrap;align-items:center;margin:-.3rem 0 .2rem}}
.st-key-{KEY} [data-testid="stFileUploader"]{{min-width:0}}
.st-key-{KEY} [data-testid="stFileUploaderDropzone"]{{padding:0;min-height:0;background:none;border:0;width:auto}}
.st-key-{KEY} [data-testid="stFileUploaderDropzoneInstructions"],
.st-key-{KEY} [data-testid="stFileUploader"]>:not([data-testid="stFileUploaderDropzone"]):not(label){{display:none}}
.st-key-picture-strip{{display:flex!important;flex-direction:row;flex-wrap:nowrap;overflow-x:auto;gap:.5rem;
 padding:3px 3px .4rem}}
.st-key-picture-strip>*{{flex:none;width:56px!important}}
.st-key-picture-strip .stVerticalBlock,.st-key-sample-tiles .stVerticalBlock{{position:relative;gap:0}}
.st-key-sample-tiles{{display:grid!important;grid-template-columns:repeat(4,56px);gap:.6rem}}
.fl-thumb{{display:block;width:56px;height:56px;object-fit:cover;border-radius:3px;font-size:.74rem;overflow:hidden;
 background:color-mix(in srgb,currentColor 9%,transparent)}}
.fl-thumb.fl-shown{{outline:2.5px solid currentColor;outline-offset:1px}}
[class*="st-key-thumb-"]{{position:absolute!important;inset:0;z-index:1;margin:0;width:56px!important;height:56px}}
[class*="st-key-thumb-"] .stButton,[class*="st-key-thumb-"] .stButton>div,[class*="st-key-thumb-"] button{{width:100%;
 height:100%;min-height:0;padding:0}}
[class*="st-key-thumb-"] button{{background:none!important;border-color:transparent!important;
 color:transparent!important}}
[class*="st-key-thumb-"] button:hover{{outline:1.5px solid #7b879c}}
[class*="st-key-thumb-"] button:focus-visible{{outline:2.5px solid #7b879c;outline-offset:2px}}
[class*="st-key-thumb-"] button *{{color:transparent!important;font-size:0}}
[data-testid="stLayoutWrapper"]:has(>.st-key-fl-drop){{display:none}}
.fl-dropping{{position:fixed;inset:0;z-index:999999;display:grid;place-items:center;pointer-events:none;
 background:color-mix(in srgb,#7b879c 45%,transparent);outline:3px dashed currentColor;outline-offset:-14px;
 font-size:1.3rem}}
@media (max-width:480px){{
.st-key-{KEY}{{gap:.25rem;max-width:100%;overflow-x:auto}}
.st-key-{KEY} button{{padding-left:.5rem;padding-right:.5rem}}
.st-key-{KEY} [data-testid="stPopoverButton"] div[aria-hidden="true"]{{display:none}}
:is(.st-key-forget_here,.st-key-pin_on,.st-key-pin_off,.st-key-tags) p{{position:absolute;clip-path:inset(50%)}}}}
.fl-dropping b{{background:#131519;color:#fff;padding:.7rem 1.2rem;border-radius:.35rem;font-weight:600}}
</style>"""

JS: Final = f"""
const INPUT = ".st-key-{KEY} input[type=file]";
const holds = (event) => [...(event.dataTransfer ? event.dataTransfer.types : [])].includes("Files");
let over = null, leaving = 0;

function hide() {{ if (over) over.remove(); over = null; }}
function show() {{
  clearTimeout(leaving);
  leaving = setTimeout(hide, 400);
  if (over) return;
  over = document.createElement("div");
  over.className = "fl-dropping";
  over.innerHTML = "<b>Drop the pictures anywhere</b>";
  document.body.append(over);
}}

function dragged(event) {{
  if (!holds(event) || !document.querySelector(INPUT)) return;
  event.preventDefault();
  show();
}}

function dropped(event) {{
  const input = document.querySelector(INPUT);
  hide();
  // What is dropped on a field of its own, as the sidebar's or a second face's, stays that field's.
  if (!holds(event) || !input || event.target.closest('[data-testid="stFileUploaderDropzone"]')) return;
  event.preventDefault();
  event.stopPropagation();
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", {{ bubbles: true }}));
}}

// The keys that step to the next picture belong to a slider, a row of choices or the brush while that has the focus.
function stepped(event) {{
  const taken = event.defaultPrevented || event.target.closest('[role=slider],[role=radiogroup],[role=tablist],canvas');
  if (taken && event.key.startsWith("Arrow")) event.stopPropagation();
}}

export default function () {{
  if (window.ferlensDrop) return;
  window.ferlensDrop = true;
  window.addEventListener("dragover", dragged, true);
  window.addEventListener("drop", dropped, true);
  document.body.addEventListener("keydown", stepped);  // after the page's own, before the document's
}}
"""

_drop = st.components.v2.component("ferlens_drop", html="<i hidden></i>", js=JS, isolate_styles=False)


def show(chosen: Selection) -> None:
    """Draw the row, and the strip where there are several pictures."""
    st.html(CSS)
    with st.container(horizontal=True, key=KEY):
        key = handed_in.page_uploader()
        st.file_uploader(
            "Drop pictures anywhere on this page, or choose them",
            accept_multiple_files=True,
            key=key,
            on_change=handed_in.take_files,
            args=(key,),
            kwargs={"listed": False},
            max_upload_size=handed_in.MOST_MEGABYTES,
            label_visibility="collapsed",
            width=UPLOAD_PIXELS,
        )
        with st.popover("Camera", icon=":material/photo_camera:", key=_CAMERA_OPEN, on_change="rerun") as camera:
            if camera.open:  # else the browser would ask for the camera unasked
                st.camera_input(
                    "One shot",
                    key=CAMERA,
                    label_visibility="collapsed",
                    on_change=_shoot,
                    width=280,
                )
        with st.popover("Samples", icon=":material/face:", key=_SAMPLES_OPEN, on_change="rerun") as samples:
            if samples.open:
                _samples()
        pinned.draw_button(chosen)
        tagging.draw(chosen)
        if (chosen.source == "upload" and handed_in.uploaded()) or (chosen.source == "camera" and handed_in.shot()):
            st.button(
                "Forget",
                key="forget_here",
                icon=":material/close:",
                on_click=handed_in.forget,
                help="Forgets what you handed in: it is held in memory alone.",
                type="tertiary",
            )
    with st.container(key="fl-drop"):
        _drop(key="drop_anywhere")
    walk.show(chosen)
    if len(chosen.pictures) > 1:
        near, _ = window([str(number) for number in range(len(chosen.pictures))], chosen.index, STRIP_MOST)
        with st.container(key="picture-strip"):
            for number in map(int, near):
                picture = chosen.pictures[number]
                _tile(f"thumb.{number}", f"Show {number + 1}. {picture.name}", picture, number == chosen.index,
                      PICTURE_INDEX, number)  # fmt: skip


def _samples() -> None:
    current = st.session_state.get(state.SAMPLE) if st.session_state.get(state.SOURCE) == "sample" else None
    with st.container(key="sample-tiles"):
        for sample in loaders.samples():
            picture = NamedPicture(sample.title, loaders.sample_bytes(sample))
            _tile(f"thumb.{sample.key}", f"Show {sample.title}", picture, sample.key == current,
                  state.SAMPLE, sample.key)  # fmt: skip


def _tile(key: str, label: str, picture: NamedPicture, chosen: bool, widget: str, value: int | str) -> None:
    """Draw a thumbnail that is a button: pressed, it has ``widget`` hold ``value``."""
    small = loaders.thumbnail(picture.digest, picture.data, picture.name)
    look = "fl-thumb fl-shown" if chosen else "fl-thumb"
    with st.container():
        if small is None:
            st.html(f'<span class="{look}">not readable</span>')
        else:
            uri = base64.b64encode(small).decode("ascii")
            st.html(f'<img class="{look}" alt="{escape(picture.name)}" src="data:image/png;base64,{uri}">')
        st.button(plain(label), key=key, on_click=_choose, args=(widget, value))


def _choose(widget: str, value: int | str) -> None:
    st.session_state[widget] = value
    if widget == state.SAMPLE:
        st.session_state[state.SOURCE] = "sample"
        st.session_state[_SAMPLES_OPEN] = False


def _shoot() -> None:
    handed_in.take_shot(CAMERA, choose=True)
    if st.session_state[CAMERA] is not None:
        st.session_state[_CAMERA_OPEN] = False
