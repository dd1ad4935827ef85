"""The tabs of the Evaluation page that show figures: summary, curves, calibration, robustness, training, other data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import plotly.graph_objects as go
import streamlit as st

from dashboard.report.glossary import marked, opener
from dashboard.report.text import escape, plain
from dashboard.shared import study
from dashboard.shared.figures.confusion import Confusion, confusion_figure
from dashboard.shared.maps import ink
from dashboard.shell import glossed, theme
from dashboard.views.evaluation import choice, loaders
from dashboard.views.evaluation.figures.charts import (
    class_bars,
    curve_chart,
    reliability_chart,
    robustness_chart,
    training_chart,
    words,
)
from dashboard.views.evaluation.figures.tables import (
    calibration_table,
    f1_words,
    metrics_table,
    robustness_table,
    subsets_table,
)
from dashboard.views.evaluation.loaders import Evaluated
from engine.analysis.evaluation import Evaluation, metric_rows, no_temperature
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.mistakes import SHARES, normalised
from engine.labels import few
from engine.measure.robustness import robustness_command
from engine.records import RunCard

SQUARE: Final = 760
"""Width in pixels of a chart whose two axes have one scale; narrower where the page is."""
AREAS: Final[Mapping[str, str]] = {
    "roc": "the area (AUC) is how often the right one ranks higher.",
    "pr": "the area (AP) is how clean the top of the ranking is; it interpolates nothing.",
}
"""Kind of curve → what the figure in its legend says."""
_PLAIN: Final[Mapping[str, Any]] = {"displayModeBar": False}


def _draw(figure: go.Figure, key: str, *, width: int | Literal["stretch"] = "stretch") -> None:
    st.plotly_chart(figure, width=width, key=key, config=dict(_PLAIN))


def headline(found: Evaluation) -> None:
    """Draw the two figures that stand above the tabs."""
    f1, where = found.figures.macro_f1, f"{found.answers.dataset} {found.answers.split}"
    st.html(
        f'<div class="fl-shows-what" role="status"><b>{opener("accuracy", "Accuracy")} '
        f"{words(found.figures.accuracy)}</b> · {opener('macro_f1', 'every class counted alike (macro F1)')} "
        f'{f1_words(f1.mean, f1.low, f1.high)} <span class="fl-quiet">on {escape(where)}, single view, '
        f"95 % intervals over pictures"
        f"{'; ' if found.protocol.words else ''}{escape(found.protocol.words)}</span></div>"
    )
    if found.protocol.leak:
        st.warning(plain(found.protocol.leak), icon=":material/warning:")


def show_summary(found: Evaluation) -> None:
    """Draw the classes' bars, the confusion matrix, and the figures with and without duplicates."""
    theme.section(
        "Class by class",
        marked("Of its answers, how many are right (precision); of its pictures, how many it finds (recall)."),
    )
    _draw(class_bars(found.figures, ink()), "evaluation_bars")
    glossed.note(
        f"{found.figures.shown.words} Whiskers: 95 % intervals, Wilson for precision and recall, bootstrap over "
        "pictures "
        "for F1."
    )
    with st.container(key="stack-evaluation"):
        left, right = st.columns([10, 11], gap="large")
    with left:
        theme.section("Confusion")
        share = study.segments("Cells", SHARES, choice.CELLS)
        counts = found.figures.confusion
        drawn = Confusion(found.answers.classes, counts, normalised(counts, share), shares=share != "counts")
        _draw(confusion_figure(drawn.most_frequent(), ink=ink()), "evaluation_confusion")
        st.caption(f"{found.figures.n:,} pictures. The page Misclassifications opens each cell's pictures.")
    with right:
        theme.section("With and without duplicates")
        st.html(subsets_table(found))
        st.caption(
            "Copies are pictures with equal pixels; one of each group is kept. A copy of a training picture measures "
            "memory, too"
            + (
                ", and this split leaks: no part of it is clean."
                if found.protocol.leak
                else ": the last row is the fairest figure."
            )
        )


def show_curves(found: Evaluation) -> None:
    """Draw ROC or precision-recall curves."""
    kind = choice.KINDS[study.segments("Curves", tuple(choice.KINDS), choice.CURVES)]
    curves = found.roc if kind == "roc" else found.pr
    shown = found.figures.shown
    _draw(curve_chart(curves, ink(), shown.names), f"evaluation_{kind}", width=SQUARE)
    glossed.note(
        f"n = {curves.n:,}. Each class against the rest; {AREAS[kind]} Macro (solid): the unweighted mean of the "
        "classes' curves, so "
        "its area is the mean of theirs. Micro (dashed): all picture-and-class questions pooled into one."
        + (f" {shown.words}" if shown.words else "")
    )
    if curves.missing:
        st.caption(plain(f"Without pictures here, so without a curve: {few(curves.missing)}."))


def show_calibration(evaluated: Evaluated, model: str, split: AnalysedSplit) -> None:
    """Draw reliability before and after temperature scaling, or say how to get the latter."""
    found = evaluated.found
    shown = {"as it answers": found.before}
    fitted = found.temperature
    if fitted is not None and found.after is not None:
        shown[f"at temperature {fitted.value:.2f}"] = found.after
    theme.section(
        "Is it as sure as it is right?", "On the diagonal, confidence and accuracy agree; above it: too unsure."
    )
    _draw(reliability_chart(shown, ink()), "evaluation_reliability")
    st.html(calibration_table(shown))
    glossed.note(
        f"How far confidence is off (ECE): mean of |accuracy − mean confidence| over {len(found.before.bins)} "
        "equal-width bins of the confidence, "
        "weighted by pictures. Whiskers: 95 % Wilson intervals."
    )
    if evaluated.problem:
        st.error(plain(evaluated.problem), icon=":material/error:")
    if fitted is not None:
        limit = "That is the end of the range searched: the best one may lie beyond." if fitted.bounded else ""
        st.markdown(
            f"Dividing the logits by **{fitted.value:.3f}** was fitted on the {fitted.n:,} pictures of "
            f"{plain(split.dataset)} val by the smallest negative log likelihood ({fitted.nll_before:.3f} → "
            f"{fitted.nll_after:.3f} nats there). It changes how sure the answers are, never which they are. "
            f"{plain(limit)}"
        )
        return
    said, command = no_temperature(model, split.dataset, split.split)
    if not evaluated.problem:
        st.info(plain(said), icon=":material/thermostat:")
        if command:
            st.code(command, language="bash", wrap_lines=True)


def show_robustness(card: RunCard, split: AnalysedSplit) -> None:
    """Draw the stored robustness, or the command that measures it."""
    report = loaders.robustness(card, split)
    if report is None:
        with st.container(border=True):
            st.markdown(
                f"**{plain(card.name)} has not been measured on worse pictures of "
                f"{plain(f'{split.dataset} {split.split}')} yet.** This passes over the split 26 times:"
            )
            st.code(robustness_command(card.name, split.dataset, split.split), language="bash", wrap_lines=True)
            st.caption("Add `--limit 1000` for a part of the pictures, spread evenly over the split.")
        return
    theme.section("How accuracy falls when pictures get worse", "Severity 0 is the pictures as they are.")
    _draw(robustness_chart(report, ink()), "evaluation_robustness")
    st.html(robustness_table(report))
    part = "" if report.pictures == report.total else f" of {report.total:,}, spread evenly"
    glossed.note(
        f"{report.dataset} {report.split}, n = {report.pictures:,}{part}; as they are: {words(report.clean)}. Seed "
        f"{report.seed}, 95 % intervals (Wilson), the same pictures throughout. Severity: hover over a figure for the "
        "amount it stands for."
    )


def show_training(card: RunCard) -> None:
    """Draw the training curves."""
    history = loaders.history(card)
    if history is None:
        st.info(
            f"{plain(card.name)} has no history.csv: it was not trained by `python -m engine train`.",
            icon=":material/info:",
        )
        return
    theme.section("Training", "The dashed line is the epoch whose weights were kept.")
    _draw(training_chart(history, ink()), "evaluation_training")
    dotted = " Dotted: the running average of the weights." if history.averaged is not None else ""
    st.caption(plain(f"Accuracy on val chose the epoch, so it is optimistic.{dotted}"))


def show_metrics(card: RunCard) -> None:
    """Draw everything that was measured of the model, on any data."""
    rows = metric_rows(card)
    theme.section("On other data", "What the model's card holds; nothing is measured here.")
    if rows:
        st.html(metrics_table(rows))
    else:
        st.info("Nothing is on its card yet.", icon=":material/info:")
    st.caption("Measure on a dataset and put it on the card with:")
    st.code(
        f"python -m engine evaluate --model {card.name} --dataset DATASET --split SPLIT --write-card",
        language="bash",
        wrap_lines=True,
    )
