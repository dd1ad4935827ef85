"""The emotion vocabulary: seven classes in a fixed order, and what other datasets call them.

The order is the alphabetical one of FER2013's folders, so index 0 is ``angry`` and index 6 ``surprise`` everywhere:
in logits, tables, Parquet columns and colours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

EMOTIONS: Final[tuple[str, ...]] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""The seven classes of FER2013, in the order of every logit vector."""

CK_EMOTIONS: Final[tuple[str, ...]] = ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
"""The classes of CK+: contempt, and no neutral."""

SAMM_EMOTIONS: Final[tuple[str, ...]] = ("angry", "disgust", "fear", "happy", "sad", "surprise")
"""The six of SAMM that micro-expressions are classified into; its contempt and "other" are few and left out."""

AFFECTNET_CODES: Final[dict[str, str]] = dict(
    zip("01234567", ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"), strict=True)
)
"""What AffectNet's class numbers mean (Mollahosseini et al. 2017, arXiv:1708.03985)."""

RAFDB_CODES: Final[dict[str, str]] = dict(
    zip("1234567", ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"), strict=True)
)
"""What RAF-DB's basic class numbers mean (Li, Deng. 2019, doi:10.1109/TIP.2018.2868382)."""

FER2013_CSV_ORDER: Final[tuple[str, ...]] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""What the digits 0-6 mean in ``fer2013.csv``; it differs from the folder order from 4 on."""

VOCABULARY: Final[tuple[str, ...]] = (*EMOTIONS, "contempt")
"""Every emotion that has a name here, the seven first."""

EMOTION_COLORS: Final[dict[str, str]] = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#E69F00",
    "neutral": "#8C8F96",
    "sad": "#0072B2",
    "surprise": "#56B4E9",
    "contempt": "#C9BC1F",
}
"""Colour by emotion, used for nothing else: eight that colour-blind readers can tell apart (M. Okabe, K. Ito. Color
Universal Design. 2008). Neutral takes a grey in place of their black, so that it can be seen on a dark page as well;
contempt is their yellow, darkened to be seen on white."""

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


LISTED: Final = 24
"""Names that a message lists at most."""


def few(names: Sequence[str]) -> str:
    """Return names with commas between, of many the first and how many more."""
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more:,} more" if more > 0 else "")


def same_classes(first: Sequence[str], second: Sequence[str]) -> dict[str, str]:
    """Return class of ``first`` → the class of ``second`` that means the same, in the order of ``first``.

    Names that are equal come first, then those that mean one emotion (:func:`canonical`), then those that differ in
    capitals alone; each where that is one name on either side. What has no counterpart is left out.
    """
    found = {name: name for name in first if name in set(second)}
    for meaning in (canonical, lambda name: name.strip().casefold()):
        left, right = (
            _by_meaning(names, taken, meaning)
            for names, taken in ((first, found.keys()), (second, set(found.values())))
        )
        found |= {left[word]: right[word] for word in left if word in right}
    return {name: found[name] for name in first if name in found}


def _by_meaning(names: Sequence[str], taken: Collection[str], meaning: Callable[[str], str | None]) -> dict[str, str]:
    """Return meaning → the only name of that meaning, of those that are not taken."""
    words: dict[str, list[str]] = {}
    for name in names:
        if name not in taken and (word := meaning(name)) is not None:
            words.setdefault(word, []).append(name)
    return {word: own[0] for word, own in words.items() if len(own) == 1}


def labels_of(classes: Sequence[str]) -> dict[str, int]:
    """Return word → label, for :func:`label_of`: each name in lower case, and an emotion by its word here, too."""
    meant = {word: label for label, name in enumerate(classes) if (word := canonical(name)) is not None}
    return meant | {name.strip().lower(): label for label, name in enumerate(classes)}


def label_of(word: str, labels: Mapping[str, int]) -> int:
    """Return the label of a class as a source writes it, by its own name or by what emotion it means; -1: none."""
    found = labels.get(word.strip().lower())
    return labels.get(canonical(word) or "", -1) if found is None else found


def canonical(name: str) -> str | None:
    """Return the vocabulary's word for ``name`` (any case, surrounding space and digits' prefixes allowed), or None.

    ``"Anger"``, ``"0_angry"`` and ``"angry"`` all give ``"angry"``; an unknown word gives None so that the caller can
    say which words it met.
    """
    word = name.strip().lower().lstrip("0123456789").strip("_-. ")
    word = SYNONYMS.get(word, word)
    return word if word in VOCABULARY else None
