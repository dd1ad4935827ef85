"""What a click on the grid opens: the cell's maps in full, and the pictures nearest to and farthest from its mean."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.report.content import Build
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import escape, plain
from dashboard.shared import many_maps, study
from dashboard.shared.gallery import choose_size
from dashboard.shell import loaders, study_loaders, theme
from dashboard.shell.pages import EXPLAIN
from dashboard.shell.walk import selection_address
from dashboard.views.class_attention import grid
from dashboard.views.class_attention import loaders as class_attention_loaders
from dashboard.views.class_attention.figures.detail import (
    cam_fields,
    detail_cards,
    detail_html,
    detail_ranges,
    gate_field,
    place_field,
    received_fields,
    typical_html,
)
from dashboard.views.class_attention.figures.grid import column_note, column_title, map_layers
from dashboard.views.class_attention.grid import Files, GridChoice, all_layers
from dashboard.views.class_attention.report import Detail, detail_content
from engine.analysis.class_regions import OF_LABEL
from engine.analysis.contrasts import Typical, TypicalPicture
from engine.analysis.files.attention import RECEIVED, depends_on_class, is_gradcam, is_received
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.store.store import AnalysisStore
from engine.draw.overlay import GATE_RANGE
from engine.records import FaceExplanation, RunCard, UInt8

Typicals = Sequence[TypicalPicture]


def show_detail(store: AnalysisStore, files: Files, split: AnalysedSplit, choice: GridChoice) -> Build:
    """Draw the drawer of the chosen cell; return what makes its part of a report."""
    classes = store.classes
    study.say_unknown({grid.GATE: all_layers(files), grid.CLASS: classes, grid.VERSUS: grid.references(classes)})
    theme.section("One cell in full", "Click a cell above, or choose it here.")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        label = grid.select("Class", grid.in_menu(files, classes), grid.CLASS, width=150)
        layer = grid.choose_gate(all_layers(files))
        versus = grid.select(
            "Compare with", grid.references(classes), grid.VERSUS, width=190,
            hint="Another class, or the mean of all classes, to subtract.",
        )  # fmt: skip
    having = [model for model, file in files.items() if layer in map_layers(file)]
    rows = {
        model: detail_cards(files[model], model, layer, label, versus, group=choice.group) for model in having
    }  # fmt: skip
    ranges = detail_ranges([card for cards in rows.values() for card in cards], choice.scale)
    for model in files:
        named = f"{escape(model)} · {escape(column_title(layer))} {escape(column_note(layer, classes))}"
        if model in having:
            st.html(f'<div class="fl-cmodel">{named}</div>{detail_html(rows[model], ranges, outline=choice.outline)}')
        else:
            st.caption(plain(f"{model} has no map called {layer}."))
    st.caption(
        "Under each map: lowest · mean · highest value of its cells. Means share one scale, spreads one, differences "
        f"one{', for both models' if len(files) > 1 else ''}."
    )
    model, found = having[0], None
    if not is_about_pictures():  # whose maps have no regions to rank them by
        model, found = _pictures(store, files, split, choice, layer, label, having)
    card = loaders.shelf().card(model)
    here = {} if found is None else _here(split, card, (*found.nearest, *found.farthest))
    shown = Detail(label, layer, rows, ranges, model, found, here, choice.truth)
    return lambda: detail_content(shown)


def _pictures(
    store: AnalysisStore,
    files: Files,
    split: AnalysedSplit,
    choice: GridChoice,
    layer: str,
    label: str,
    having: Sequence[str],
) -> tuple[str, Typical | None]:
    """Draw the pictures at both ends; return them, None where there is none, and the model whose maps ranked them."""
    theme.section(
        "Pictures behind it",
        "A store keeps how much of each picture’s map lies on each region of the face, not the map itself. "
        "“Nearest” means: least of its mass would have to move to another region to reach the class’s mean shares.",
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        model = having[0]
        if len(having) > 1:
            model = grid.select("Ranked by the maps of", having, grid.RANKED_BY, width=220)
        drawable = is_gradcam(layer) or not depends_on_class(layer, store.classes)
        over = st.toggle(
            "Maps over the pictures",
            key=grid.OVERLAY,
            bind="query-params",
            disabled=not drawable,
            help="Computed for these pictures only, a fraction of a second each, and kept.",
        )
        choose_size()
    found = class_attention_loaders.typical(store, layer, label, model, choice.group, choice.truth)
    if not found.n:
        st.info(plain(f"No picture of {label} among these has a place on this map."), icon=":material/info:")
        return model, None
    seen = choice.truth == grid.MAJORITY
    of = f"{label} by what most people saw" if seen else label
    if seen and layer == OF_LABEL:
        of += " that are labelled so, too (this map of a picture is kept for its label alone),"
    left = f"; {found.without:,} without any positive evidence are left out" if found.without else ""
    exact = files[model].metadata["dataset"] == "synthetic"
    st.caption(
        plain(
            f"{found.n:,} pictures of {of} ranked{left}. Regions are "
            + (
                "exact for each drawn face, so faces of unusual proportions or framing also rank as far."
                if exact
                else "one template for all crops, right on average only."
            )
        )
    )
    card = loaders.shelf().card(model)
    fields = _fields(card, split, layer, (*found.nearest, *found.farthest), over=over and drawable, files=files)
    groups = (("Nearest to the mean", "near", found.nearest), ("Farthest from it", "far", found.farthest))
    for title, key, pictures in groups:
        if not pictures:
            continue
        st.markdown(f"**{plain(title)}**")
        ids = [picture.id for picture in pictures]
        with st.container(key=f"typical-{key}"):
            for picture in pictures:
                with st.container(gap="xsmall"):
                    st.html(typical_html(picture, fields[picture.id]))
                    st.page_link(
                        EXPLAIN,
                        label="Explain",
                        query_params=selection_address(
                            model, split.dataset, split.split, ids, picture.id, f"{label}, {title.lower()}"
                        ),
                    )
    return model, found


def _here(split: AnalysedSplit, card: RunCard, pictures: Typicals) -> dict[str, UInt8]:
    """Return the pictures that are on this machine, by id, as the model takes them."""
    return {
        picture.id: face.pixels
        for picture in pictures
        if (face := study_loaders.picture_if_here(split.dataset, picture.id, card)) is not None
    }


def _explained(card: RunCard, split: AnalysedSplit, layer: str, pictures: Typicals) -> dict[str, FaceExplanation]:
    """Return the explanations of the pictures, as far as they are there."""
    targets = {picture.id: picture.label if layer == "gradcam.true" else "predicted" for picture in pictures}
    return many_maps.explained(split.dataset, tuple(targets), card, targets)


def _fields(
    card: RunCard, split: AnalysedSplit, layer: str, pictures: Typicals, *, over: bool, files: Files
) -> dict[str, str]:
    """Return each picture's field as HTML: itself, its map over it, or where the map lies if it is not here."""
    here = _here(split, card, pictures)
    if not here:
        st.info(
            f"The pictures of {plain(split.dataset)} are not on this machine: put them under `data/`, or name their "
            "place in the variable `FERLENS_DATA` and start again. Below: where each picture’s map lies, from the "
            "analysis.",
            icon=":material/image_not_supported:",
        )
    fields = {picture.id: place_field(picture, here.get(picture.id)) for picture in pictures}
    if not over or not here:
        return fields
    explained = _explained(card, split, layer, [picture for picture in pictures if picture.id in here])
    if not explained:
        return fields
    if is_received(layer):
        asked = layer.removesuffix(RECEIVED)
        crossed = {name: gate for name, one in explained.items() for gate in one.gates if gate.layer == asked}
        return {**fields, **received_fields({name: (here[name], gate) for name, gate in crossed.items()})}
    if not is_gradcam(layer):
        gates = {name: gate for name, one in explained.items() for gate in one.gates if gate.layer == layer}
        return {**fields, **{name: gate_field(here[name], gate, GATE_RANGE) for name, gate in gates.items()}}
    stored = files[card.name].metadata.get("settings", {}).get("layer")
    shown = next(iter(explained.values())).maps[0].layer
    if stored not in {None, shown}:
        st.caption(plain(f"The analysis took Grad-CAM at {stored}, Explain takes it at {shown}: no map is drawn here."))
        return fields
    return {**fields, **cam_fields({name: (here[name], one.maps[0]) for name, one in explained.items()})}
