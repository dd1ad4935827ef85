"""The emotion vocabulary: seven classes in a fixed order, and what other datasets call them.

The order is the alphabetical one of FER2013's folders, so index 0 is ``angry`` and index 6 ``surprise`` everywhere:
in logits, tables, Parquet columns and colours.
"""

from __future__ import annotations

from typing import Final

EMOTIONS: Final[tuple[str, ...]] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""The seven classes of FER2013, in the order of every logit vector."""

CK_EMOTIONS: Final[tuple[str, ...]] = ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
"""The classes of CK+: contempt, and no neutral."""

FER2013_CSV_ORDER: Final[tuple[str, ...]] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""What the digits 0-6 mean in ``fer2013.csv``; it differs from the folder order from 4 on."""

VOCABULARY: Final[tuple[str, ...]] = (*EMOTIONS, "contempt")
"""Every emotion that has a name here, the seven first."""

SYNONYMS: Final[dict[str, str]] = {
    "anger": "angry",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "smile": "happy",
    "neutrality": "neutral",
    "sadness": "sad",
    "surprised": "surprise",
    "contemptuous": "contempt",
}


def canonical(name: str) -> str | None:
    """Return the vocabulary's word for ``name`` (any case, surrounding space and digits' prefixes allowed), or None.

    ``"Anger"``, ``"0_angry"`` and ``"angry"`` all give ``"angry"``; an unknown word gives None so that the caller can
    say which words it met.
    """
    word = name.strip().lower().lstrip("0123456789").strip("_-. ")
    word = SYNONYMS.get(word, word)
    return word if word in VOCABULARY else None
