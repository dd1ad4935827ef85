"""The top of the Data page: what the audit found in numbers, and the classes by split."""

from __future__ import annotations

import json

import streamlit as st

from dashboard.figures.data_balance import balance_table, read_balance
from dashboard.report.text import escape
from dashboard.shell import theme
from dashboard.views.data.figures.groups import facts, facts_html, read_clean, read_straddling
from engine.data.audit.audit import DataAudit, audit_document


def show_facts(found: DataAudit) -> None:
    """Draw the numbers, and what training has seen of the parts kept apart from it."""
    st.html(facts_html(facts(found)))
    skipped = found.pictures.skipped
    if skipped:
        st.warning(
            f"{len(skipped):,} files could not be read, for example {skipped[0].id}: {skipped[0].reason}.",
            icon=":material/warning:",
        )
    sentences = [*read_clean(found), read_straddling(found)]
    if any(sentences):
        st.html('<div class="fl-reading">' + "<br>".join(escape(said) for said in sentences if said) + "</div>")
    st.download_button(
        "Audit as JSON",
        lambda: json.dumps(audit_document(found), indent=1, ensure_ascii=False),
        f"audit-{found.pictures.name}.json",
        "application/json",
        icon=":material/data_object:",
        on_click="ignore",
        help="Every count above with the ids behind it; the same as python -m engine audit --json.",
    )


def show_balance(found: DataAudit) -> None:
    """Draw how many pictures each class has in each split."""
    balance = found.balance()
    theme.section("Classes by split", escape(read_balance(balance)))
    st.html(balance_table(balance))
    if "val" in balance and "val" not in found.pictures.parts:
        st.caption("val is drawn from the training pictures, a tenth of each class; copies stay on one side.")
