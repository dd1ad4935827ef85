"""The third tab of the Class attention page: on which regions a map lies, its entropy and its centre of mass."""

from __future__ import annotations

import json

import streamlit as st

from dashboard.components import class_attention_choice as chosen
from dashboard.figures.class_maps import map_layers
from dashboard.figures.region_intervals import PLACE_FIELDS, interval_figure, region_fields
from dashboard.report.content import Build
from dashboard.shared import study
from dashboard.shell import theme
from dashboard.views.class_attention import loaders
from dashboard.views.class_attention.figures.regions import number_rows, places_html
from dashboard.views.class_attention.grid import Files, all_layers
from dashboard.views.class_attention.report import regions_content
from dashboard.views.mistakes.gallery import csv_text
from engine.analysis.class_regions import mean_map_places
from engine.analysis.files.attention import AttentionFile
from engine.analysis.files.places import REPORT
from engine.analysis.store.store import AnalysisStore


def even_shares(file: AttentionFile) -> dict[str, float] | None:
    """Return region → the share of an even map there, as the report says; None where each picture has its own."""
    try:
        report = json.loads((file.file.parent / REPORT).read_text(encoding="utf-8"))
        area = (report.get("regions") or {}).get("area")
    except (OSError, ValueError):
        return None  # the report is not what is asked for here: the line is left out
    return {str(name): float(share) for name, share in area.items()} if area else None


def show_regions(store: AnalysisStore, files: Files) -> Build:
    """Draw the regions of one map, for each model that has it; return what makes a report's part of it."""
    layers = all_layers(files)
    study.say_unknown({chosen.GATE: layers})
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer = chosen.choose_gate(layers)
        group = chosen.choose_group()
    having = [model for model, file in files.items() if layer in map_layers(file)]
    for model in files:
        if model not in having:
            st.caption(f"{model} has no map called {layer}.")
    with st.spinner("Resampling pictures for the intervals …"):
        places = {model: loaders.places(store, layer, model, group) for model in having}
    means = {model: mean_map_places(files[model].of(layer, group)) for model in having}
    even = even_shares(files[having[0]])
    theme.section("Share of the map’s mass by region", "Mean over the pictures of a class and its 95 % interval.")
    charts = [interval_figure(places, store.classes, fields) for fields in (region_fields(even), PLACE_FIELDS)]
    st.plotly_chart(charts[0], width="stretch", key="region_chart", config={"displayModeBar": False})
    st.caption(" ".join(_notes(having, exact=even is None)))
    theme.section("Entropy and centre of mass", "How spread out the map is, and where its middle lies.")
    st.plotly_chart(charts[1], width="stretch", key="place_chart", config={"displayModeBar": False})
    st.caption(
        "Entropy: 0 nats if all mass lies in one cell; 100 % is an even map. Averaging blurs, so the mean map has more "
        "entropy than single maps."
    )
    with st.expander("Numbers", icon=":material/table:"):
        st.html(places_html(places, means))
    st.download_button(
        "Every figure as CSV",
        lambda: csv_text(number_rows(places)),
        f"regions-{layer}-{'-'.join(having)}.csv",
        "text/csv",
        icon=":material/table:",
        on_click="ignore",
    )
    return lambda: regions_content(layer, places, charts)


def _notes(models: list[str], *, exact: bool) -> list[str]:
    notes = ["Each field has its own axis. Intervals: percentile bootstrap over pictures, 2,000 resamples."]
    if exact:
        notes.append("Regions are exact for each drawn face; how large they are differs from face to face.")
    else:
        notes.append(
            "Regions are one template for all crops, right on average only. Dotted: what an even map would have there."
        )
    if len(models) > 1:
        notes.append(f"Filled: {models[0]}. Open: {models[1]}.")
    return notes
