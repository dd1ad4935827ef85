"""The Gradio page: the camera and its controls, and the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.utils import get_upload_folder

from dashboard.live.camera_server import server_functions
from dashboard.live.choices import LONGEST_HALF_LIFE, OVERLAY_WORDS, Choices, usual_drawing
from dashboard.live.endpoints import Endpoints, client_of, in_a_sentence
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.look import TITLE, read
from dashboard.live.picture_upload import picture_upload, refuse_files
from dashboard.live.uploads import Upload, Uploads
from dashboard.live.viewers import Viewers
from dashboard.report.text import escape, plain
from engine.errors import FerLensError
from engine.live.pipeline import overlay_layers, resolve_layer
from engine.live.smoothing import Smoothing

NONE: Final = "none"
"""In the menu of the second model."""
DASHBOARD: Final = "http://127.0.0.1:8501"
"""Where ``make dashboard`` serves."""

HEAD: Final = (
    '<div class="live-head"><h1>Live</h1><p>What a model answers to the faces before your camera, frame by frame, '
    "and what it weighs. A reading of an expression is not knowledge of a feeling: do not judge people by it.</p></div>"
)
OF_PICTURES: Final = (
    '<div class="live-head"><h1>Live</h1><p>What a model answers to what is before your camera, each frame as one '
    "picture, and what it weighs.</p></div>"
)


def build_page(
    model: str, *, limits: Limits | None = None, models: LiveModels | None = None, dashboard: str = DASHBOARD
) -> gr.Blocks:
    """Return the page; ``launch`` it, or mount it with ``gr.mount_gradio_app``. :mod:`dashboard.live.look` styles it.

    Args:
        model: the checkpoint that is chosen at first; it is loaded here.
        limits: size, rate and concurrency; None for the defaults.
        models: None for fresh ones.
        dashboard: the dashboard's address as browsers reach it, for the link from a snapshot to Explain.

    Raises:
        FerLensError: the model cannot be loaded.
    """
    limits, models = limits or Limits(), models or LiveModels()
    uploads = Uploads(Path(get_upload_folder()), limits.folder_megabytes * 2**20)
    gates = overlay_layers(models.predictor(model), "gate")
    first = Choices(model, overlay=usual_drawing(gates), layer=gates[-1] if gates else None)
    viewers = Viewers(models, limits, first)
    head = OF_PICTURES if models.predictor(model).card.domain == "pictures" else HEAD
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.HTML(head, apply_default_css=False, js_on_load=None)
        with gr.Tab("Camera"), gr.Row():
            with gr.Column(scale=3, min_width=480):
                camera = gr.HTML(
                    "",
                    html_template=read("camera.html"),
                    js_on_load=read("camera.js"),
                    apply_default_css=False,
                    server_functions=server_functions(viewers, dashboard),
                    elem_id="camera",
                )
            with gr.Column(scale=1, min_width=260):
                _controls(viewers)
        with gr.Tab("API"):
            # Inside the program's text nothing can be escaped: a name that needs it is left to be put in.
            gr.Markdown(read("api_words.md").replace("MODEL", model if plain(model) == model else "MODEL"))
            _endpoints(Endpoints(models, limits, model), limits, uploads)

        def arrive(request: gr.Request) -> str:
            return viewers.open(str(request.session_hash)).token

        def leave(request: gr.Request) -> None:
            viewers.close(str(request.session_hash))

        page.load(arrive, None, camera, api_visibility="private", show_progress="hidden", concurrency_limit=None)
        page.unload(leave)
    page.queue(max_size=limits.waiting)
    for component in page.blocks.values():
        if not isinstance(component, gr.File):  # the one of `picture_upload`
            refuse_files(component)
    page.viewers, page.uploads = viewers, uploads
    return page


def _controls(viewers: Viewers) -> None:
    first = viewers.choices
    names = viewers.models.names()
    note = gr.HTML("", apply_default_css=False, js_on_load=None, elem_id="note")
    model = gr.Dropdown(list(names), value=first.model, label="Model", elem_id="model")
    beside = gr.Dropdown([NONE, *names], value=NONE, label="Second model, beside it", elem_id="beside")
    overlay = gr.Radio(
        [(words, key) for key, words in OVERLAY_WORDS.items()],
        value=first.overlay,
        label="Draw over what is read",
        elem_id="overlay",
    )
    layer = gr.Dropdown(
        list(overlay_layers(viewers.models.predictor(first.model), first.overlay)),
        value=first.layer,
        label="Layer",
        info="Of the gate or of Grad-CAM",
        interactive=first.layer is not None,
        elem_id="layer",
    )
    opacity = gr.Slider(0.0, 1.0, first.opacity, step=0.05, label="Opacity", elem_id="opacity")
    smoothing = gr.Slider(
        0.0,
        LONGEST_HALF_LIFE,
        Smoothing().half_life_seconds,
        step=0.1,
        label="Smoothing (seconds)",
        info="After so long an answer counts half; 0 takes each frame by itself",
        elem_id="smoothing",
    )
    mirror = gr.Checkbox(first.mirror, label="Show as in a mirror", elem_id="mirror")
    controls = [model, beside, overlay, layer, opacity, smoothing, mirror]
    gr.on(
        [control.input for control in controls],
        _chooser(viewers),
        controls,
        [overlay, layer, note],
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_limit=None,
    )


def _chooser(viewers: Viewers) -> Callable[..., tuple[Any, Any, str]]:
    def choose(
        model: str,
        beside: str,
        overlay: str,
        layer: str | None,
        opacity: float,
        smoothing: float,
        mirror: bool,
        request: gr.Request,
    ) -> tuple[Any, Any, str]:
        """Take over the controls; where they make no sense say so, and go on as before."""
        viewer = viewers.open(str(request.session_hash))
        layers: tuple[str, ...] = ()
        note = ""
        try:
            predictor = viewers.models.predictor(model)
            layers = overlay_layers(predictor, overlay)
            if overlay == "gate" and not layers and model != viewer.choices.model:  # another model, with none to draw
                overlay = usual_drawing(layers)
                note = _said(f"'{model}' has no spatial attention gate: none is drawn.")
            known = layer if layer in layers else None
            choices = Choices(
                model=model,
                beside=None if beside in {NONE, None, ""} else beside,
                overlay=overlay,  # type: ignore[arg-type]  # checked by Choices
                layer=resolve_layer(predictor, overlay, known) or None,
                opacity=float(opacity),
                mirror=bool(mirror),
                half_life_seconds=float(smoothing),
            )
            viewer.choose(choices)
        except FerLensError as error:
            note = _said(f"{error} The picture goes on as it was.")
            return overlay, gr.Dropdown(choices=list(layers), value=None, interactive=bool(layers)), note
        return overlay, gr.Dropdown(choices=list(layers), value=choices.layer, interactive=bool(layers)), note

    return choose


def _said(words: str) -> str:
    return f'<p class="live-note" role="alert">{escape(words)}</p>'


def _endpoints(api: Endpoints, limits: Limits, uploads: Uploads) -> None:
    """Register the endpoints on components that are not shown: what Gradio derives the API's types from."""
    picture = picture_upload(uploads)
    model = gr.Textbox("", label="model", visible=False)
    layer = gr.Textbox("", label="layer", visible=False)
    target = gr.Textbox("", label="target", visible=False)
    whole = gr.Checkbox(False, label="whole", visible=False)
    face = gr.Number(0, label="face", visible=False)
    pictures = gr.Checkbox(False, label="pictures", visible=False)
    answer = gr.JSON(visible=False)
    trigger = gr.Button(visible=False)
    shared: dict[str, Any] = {"concurrency_id": "api", "concurrency_limit": limits.concurrency}

    @in_a_sentence
    def predict(picture: Upload | None, model: str, whole: bool, request: gr.Request) -> Any:
        """Find and classify every face of a picture."""
        return api.predict(picture, model, whole, client_of(request))

    @in_a_sentence
    def explain(
        picture: Upload | None,
        model: str,
        layer: str,
        target: str,
        face: float,
        pictures: bool,
        request: gr.Request,
    ) -> Any:
        """Explain one face of a picture: probabilities, every attention gate, and Grad-CAM."""
        return api.explain(picture, model, layer, target, face, pictures, client_of(request))

    @in_a_sentence
    def models(request: gr.Request) -> Any:
        """List the models."""
        return api.list_models(client_of(request))

    trigger.click(predict, [picture, model, whole], answer, api_name="predict", **shared)
    trigger.click(explain, [picture, model, layer, target, face, pictures], answer, api_name="explain", **shared)
    trigger.click(models, None, answer, api_name="models", **shared)
