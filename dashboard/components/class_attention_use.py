"""The fourth tab of the Class attention page: is each gate used, over the data set and for each class?"""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.components import class_attention_choice as chosen
from dashboard.report.content import Build
from dashboard.report.text import escape
from dashboard.shared import study
from dashboard.shell import say, theme
from dashboard.views.class_attention import loaders
from dashboard.views.class_attention.figures.use import (
    effect_rows,
    effects_html,
    legend_words,
    read_use,
    sample_words,
    shares_html,
    use_table_html,
)
from dashboard.views.class_attention.grid import Files
from dashboard.views.class_attention.report import use_content
from dashboard.views.mistakes.gallery import csv_text
from engine.analysis.analysed import AnalysedSplit
from engine.analysis.class_dependence import is_gradcam
from engine.analysis.files.gate_use import gate_use_command
from engine.analysis.gate_use_record import SplitGateUse
from engine.errors import DataError


def show_use(files: Files, split: AnalysedSplit) -> Build | None:
    """Draw the verdicts of each model's gates, and every replacement of one gate; return a report's part of it."""
    measured: dict[str, SplitGateUse] = {}
    for model, file in files.items():
        if all(is_gradcam(layer) for layer in file.layers):
            st.info(f"{model} has no attention gate, so there is nothing to replace.", icon=":material/info:")
            continue
        try:
            use = loaders.gates_in_use(model, split)
        except DataError as error:
            say.problems([str(error)])
            continue
        if use is None:
            _not_measured(model, split)
        else:
            measured[model] = use
            _show_use(use)
    if measured:
        st.caption(legend_words())
        _show_replacements(measured)
        for use in measured.values():
            _show_shares(use)
        st.download_button(
            "Every figure as CSV",
            lambda: csv_text(row for use in measured.values() for row in effect_rows(use)),
            f"gate-use-{split.name}-{'-'.join(measured)}.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
    return partial(use_content, measured) if measured else None


def _not_measured(model: str, split: AnalysedSplit) -> None:
    with st.container(border=True):
        st.markdown(
            f"**Whether {model} uses its gates is not measured on {split.dataset} {split.split} yet.** The command "
            "replaces each gate on a sample of pictures and compares the answers; it takes minutes."
        )
        st.code(gate_use_command(model, split.dataset, split.split), language="bash")


def _show_use(use: SplitGateUse) -> None:
    st.html(
        f'<div class="fl-cmodel">{escape(use.model)}</div><div class="fl-reading" style="margin-top:.2rem">'
        f'{escape(read_use(use))} <span class="fl-quiet">{escape(sample_words(use))}.</span></div>{use_table_html(use)}'
    )


def _show_shares(use: SplitGateUse) -> None:
    """Draw what a ``cmaen`` is made of; nothing for another model."""
    if use.shares is not None:
        gamma = "none" if use.shares.gamma is None else f"{use.shares.gamma:.4g}"
        theme.section(
            f"What the answers of {escape(use.model)} are made of",
            f"γ = {gamma}. How loud the cross-modal attention is beside what it is added to, and how much of the "
            "predicted class’s logit (above the mean of the classes) each part gives; exact for each picture, and the "
            "two shares add up to 100 %.",
        )
        st.html(shares_html(use.shares, use.groups))


def _show_replacements(measured: dict[str, SplitGateUse]) -> None:
    """Draw every replacement of one gate, for each model that has it."""
    gates = dict.fromkeys(layer for use in measured.values() for layer in use.gates)
    groups = next(iter(measured.values())).groups
    study.say_unknown({chosen.USED_GATE: tuple(gates), chosen.USED_PICTURES: groups})
    theme.section("One gate, each replacement", "Replaced minus unchanged; hover a row for what stands in its place.")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer = chosen.select("Gate", tuple(gates), chosen.USED_GATE)  # the address gets what the menu shows
        group = chosen.select("Pictures", groups, chosen.USED_PICTURES, width=150)
    for model, use in measured.items():
        if layer not in use.gates:
            st.caption(f"{model} has no gate called {layer}.")
            continue
        found = use.accuracy[group]
        accuracy = "" if found.mean is None else f", {100 * found.mean:.1f} % answered rightly with the gate as it is"
        st.html(
            f'<div class="fl-quiet">{escape(model)}, n = {found.n:,}{accuracy}.</div>{effects_html(use, layer, group)}'
        )
