"""The upper half of the Evidence page: which results, the league of maps, and what may be concluded from it."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from dashboard.report.glossary import marked
from dashboard.report.text import escape, plain, split_link
from dashboard.shell import glossed, loaders, opening, say, state, study_loaders, theme
from dashboard.shell.in_address import in_address
from dashboard.views.evidence.figures.league import league_table
from dashboard.views.evidence.figures.numbers import METRIC_TITLES, METRIC_WORDS, number_rows
from dashboard.views.evidence.figures.words import read_best, read_counts, read_cue, read_failures, read_shorter
from dashboard.views.evidence.report import League
from engine.data.by_id import SYNTHETIC
from engine.errors import DataError
from engine.evidence.pictures import VARIANTS
from engine.evidence.report import GROUPS, EvidenceReport
from engine.records import RunCard

VARIANT: Final = "variant"
"""The variant's key, in the session and in the address."""

VARIANT_HELP: Final = (
    "plain: the evidence is what the expression’s own action units move. spurious: a corner mark is planted that tells "
    "nothing about the label; the evidence is the mark, and a good map exposes it in a model that learnt to follow it."
)


def choose_variant() -> str:
    """Draw the choice of plain faces or faces with a planted mark, bound to the address."""
    unknown = state.asked_for(VARIANT, VARIANTS)
    chosen: str = st.segmented_control(
        "Variant",
        tuple(VARIANTS),
        default="plain",
        required=True,
        key=VARIANT,
        bind="query-params",
        help=VARIANT_HELP,
    )
    if unknown is not None:
        st.error(plain(f"Unknown variant '{unknown}'; valid: {', '.join(VARIANTS)}. Showing {chosen}."))
    return chosen


def show_league(card: RunCard, variant: str) -> League | None:
    """Draw a model's shipped results; where there are none, say how they are made; a damaged file is a sentence.

    Returns what was drawn, or None.
    """
    theme.section(
        "League of maps",
        "Which maps put their mass on evidence that is known, beyond chance, the picture’s middle and its edges?",
    )
    try:
        report = loaders.evidence(card, variant)
    except DataError as error:
        say.problems([str(error)])
        return None
    if report is None:
        _no_results(card, variant)
        return None
    metric, group = _choices(report)
    st.html(
        f'<div class="fl-quiet">{escape(METRIC_WORDS[metric])} Best first. {_faces(card, report)}</div>'
        f"{league_table(report, metric, group)}"
    )
    sentences = [read_cue(report), read_best(report, group), *read_failures(report, group), read_shorter(report)]
    st.html('<div class="fl-conclude">' + "".join(f"<p>{marked(said)}</p>" for said in sentences if said) + "</div>")
    _numbers(report, group)
    return League(report, metric, group, sentences)


def _faces(card: RunCard, report: EvidenceReport) -> str:
    """Return which pictures the league is of, as HTML; their name leads to the model's figures where it has any."""
    analysed = f"{SYNTHETIC}-{report.split}" in study_loaders.analysed_of(card.name)
    named = split_link(card.name, SYNTHETIC, report.split) if analysed else escape(f"{SYNTHETIC} {report.split}")
    return f"On {named}: {report.scored:,} faces with evidence of {report.pictures:,}."


def _choices(report: EvidenceReport) -> tuple[str, str]:
    with st.container(horizontal=True, gap="medium"):
        with in_address("metric", "evidence_metric", tuple(METRIC_TITLES), "enrichment"):
            metric: str = st.segmented_control(
                "Metric",
                tuple(METRIC_TITLES),
                default="enrichment",
                required=True,
                format_func=METRIC_TITLES.__getitem__,
                key="evidence_metric",
                persist_state="session",
            )
        most = max(report.maps, key=lambda row: row.pictures)
        sizes = {name: figures.pictures for name, figures in most.groups.items()}
        with in_address("face_group", f"evidence_group.{report.variant}", tuple(sizes), "all", "group of faces"):
            group: str = st.segmented_control(
                "Faces",
                tuple(sizes),
                default="all",
                required=True,
                format_func=lambda name: plain(f"{name} {sizes[name]:,}"),
                key=f"evidence_group.{report.variant}",
                persist_state="session",
                help=plain(
                    ". ".join(f"{name}: {GROUPS[name]}" for name in sizes)
                    + ". Groups differ in how much evidence their faces have: compare each with its own references."
                ),
            )
    return metric, group


def _no_results(card: RunCard, variant: str) -> None:
    """Say that nothing was measured, what that means, and where something was."""
    names = loaders.evidence_models()
    cards = [loaders.shelf().card(name) for name in names]
    measured = [one for one in cards if _measured(one, variant)]
    trained = card.data.get("dataset")
    why = (
        "Evidence is known on built-in faces alone, and this model has not been measured on them."
        if trained in {None, SYNTHETIC}
        else f"Evidence is known on built-in faces alone, and this model was trained on {trained}: what a league says "
        "of methods is best read from a model of its architecture that knows these faces."
    )
    with st.container(border=True):
        st.markdown(plain(f"{card.name} has no {variant} results. {why} The faces below work without."))
        nearest = opening.evidence_model(card.name, measured, loaders.shelf().cards, lambda _: True)
        if nearest:
            st.button(plain(f"Show {nearest}"), key="evidence_other", on_click=_show, args=(nearest,))


def _measured(card: RunCard, variant: str) -> bool:
    try:
        return loaders.evidence(card, variant) is not None
    except DataError:
        return False


def _show(model: str) -> None:
    """Show another model on this page; a callback, since the sidebar is drawn before."""
    state.lend(model)


def _numbers(report: EvidenceReport, group: str) -> None:
    with st.expander("All numbers", icon=":material/table_rows:"):
        table = pd.DataFrame(number_rows(report, group))
        number = st.column_config.NumberColumn(format="%.3f")
        st.dataframe(
            table,
            hide_index=True,
            column_config=dict.fromkeys(table.columns[7:], number),
            alt="every map and reference with mean and 95 % interval of each metric",
        )
        glossed.note(
            read_counts(report) + " Intervals: 95 %, bootstrap over pictures. Enrichment is the mean of log2(mass / "
            "evidence’s share of the picture); the league shows it as a factor, 2 to its power (a geometric mean). "
            "Empty maps have no positive mass: they claim no place, are in no mean, and are counted apart."
            + (f" Gates that are no map: {', '.join(report.not_scored)}." if report.not_scored else "")
        )
