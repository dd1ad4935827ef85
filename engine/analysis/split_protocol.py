"""What a stored analysis says that its split may be used for: whether people are kept apart, and whether it leaks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from engine.analysis.files.places import REPORT
from engine.analysis.store.store import AnalysisStore
from engine.data.people import DRAWN_ANEW, NOT_TOLD
from engine.data.registry import KINDS


@dataclass(frozen=True)
class SplitProtocol:
    """What stands beside every figure of a split.

    Attributes:
        words: what it may be used for.
        leak: why no part of it is clean; empty where one is, or where that was not looked for.
    """

    words: str = ""
    leak: str = ""


NOT_SAID: Final = SplitProtocol()


def split_protocol(store: AnalysisStore) -> SplitProtocol:
    """Read it of a store's first model; of an analysis that is older, say what is known of the dataset."""
    source = store.sources[0]
    try:
        document: dict[str, Any] = json.loads((source.file.parent / REPORT).read_text(encoding="utf-8"))
        near = document.get("near_copies") or {}
        leak = str(near["conclusion"]) if near.get("leaks") else ""
        if "person_independent" in document:
            return SplitProtocol(str(document["protocol"]), leak)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass  # the report is not what is asked for here: the predictions are whole
    dataset = str(source.metadata["dataset"])
    if dataset == "synthetic":
        return SplitProtocol(DRAWN_ANEW.in_words())
    tells = dataset == "samm" or (dataset in KINDS and KINDS[dataset].subject is not None)
    return NOT_SAID if tells else SplitProtocol(NOT_TOLD.in_words())
