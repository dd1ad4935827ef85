"""What is compared: the models, which two are subtracted, the target and the layer; all in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared import target as target_menus
from dashboard.shared.figures.answers import LEAST, MOST, apart_words, pairs_of, probability_of, refused, shared_classes
from dashboard.shell import loaders, map_loaders, opening, say, state, study_loaders
from dashboard.shell.frame import COMPARE_BY, COMPARED
from dashboard.shell.in_address import in_address
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture
from engine.explain.target import SIGN
from engine.labels import same_classes
from engine.models.checkpoint import DEFAULT_MODEL
from engine.records import FaceBox, FaceExplanation, FacePrediction, Prediction, RunCard, UInt8

MODELS: Final = "models"
PAIR: Final = "pair"
ON: Final = "on"
"""The split's key, in the session and in the address: ``fer2013-private``."""
PREFERRED: Final = "fer2013-private"
"""The split that the literature quotes."""
LEAST_SHARED: Final = 2
"""Classes that models must have in common to be compared."""
EACH_LAST: Final = "last of each"
"""The layer's name where the models have none in common: each is explained at its own last one."""

MODE_TITLES: Final[dict[str, str]] = {"models": "models on a picture", "pictures": "two pictures"}

_SEEN: Final = "address_seen."
_KEPT: Final = "kept."


def follow(key: str, default: str) -> str | None:
    """Return what ``key`` is to become: what the address says anew, else what it was, else ``default``; None: as it is.

    Streamlit's own binding to the address takes no value of several names, and drops one that ceases to be an option
    without a word. :func:`tell` writes the other way.
    """
    asked = st.query_params.get_all(key)
    text = ",".join(asked) if asked else None
    if text is not None and text != st.session_state.get(_SEEN + key):
        return text
    if text is None and state.went_back():
        return default
    if key not in st.session_state:  # first drawn, or again after another page
        return text or st.session_state.get(_KEPT + key) or default
    return None


def tell(key: str, text: str) -> None:
    """Write ``text`` into the address, and keep it for when another page has been visited."""
    if text:
        st.query_params[key] = text
    elif key in st.query_params:
        del st.query_params[key]
    st.session_state[_SEEN + key] = st.session_state[_KEPT + key] = text


def choose_mode() -> str:
    """Draw whether models or pictures are compared; return one of the frame's two."""
    with in_address(COMPARE_BY, COMPARE_BY, COMPARED, COMPARED[0], "comparison"):
        mode: str | None = st.segmented_control(
            "Compare",
            COMPARED,
            default=COMPARED[0],
            required=True,
            format_func=MODE_TITLES.__getitem__,
            key=COMPARE_BY,
            label_visibility="collapsed",
        )
    return mode or COMPARED[0]


def choose_models(cards: Sequence[RunCard]) -> tuple[RunCard, ...]:
    """Draw the choice of models; return two to four that share classes, in their columns' order, or none."""
    names = [card.name for card in cards]
    said: list[str] = []
    current = str(st.session_state.get(state.MODEL) or DEFAULT_MODEL)
    text = follow(MODELS, ",".join(opening.compared(current, cards, study_loaders.here)))
    if text is not None:
        st.session_state[MODELS] = [name.strip() for name in text.split(",") if name.strip()]
    wanted = list(dict.fromkeys(st.session_state[MODELS]))
    unknown = [name for name in wanted if name not in names]
    said += [f"Unknown model '{name}'; valid: {', '.join(names)}." for name in unknown]
    wanted = [name for name in wanted if name in names]
    if len(wanted) > MOST:
        said.append(f"Expected {MOST} models at most, got {len(wanted)}; {', '.join(wanted[MOST:])} is left out.")
        wanted = wanted[:MOST]
    if wanted != st.session_state[MODELS]:
        st.session_state[MODELS] = wanted
    chosen: list[str] = st.multiselect(
        f"Models, {LEAST} to {MOST}; the first is the reference",
        names,
        key=MODELS,
        max_selections=MOST,
        placeholder="Choose two to four models",
    )
    tell(MODELS, ",".join(chosen))
    kept = [loaders.shelf().card(name) for name in chosen]
    fitting: list[RunCard] = []
    for card in kept:
        if fitting and len(shared_classes([one.classes for one in (*fitting, card)])) < LEAST_SHARED:
            said.append(refused(kept[0], card))
        else:
            fitting.append(card)
    say.problems(said)
    if len(fitting) >= LEAST and (words := apart_words(fitting)):
        st.caption(plain(words))
    return tuple(fitting)


def say_opened(cards: Sequence[RunCard], chosen: Sequence[RunCard]) -> None:
    """Say in a line what the page opened on in place of models whose pictures are not here; offer these in one press.

    Args:
        cards: of all models. chosen: of those compared.
    """
    current = str(st.session_state.get(state.MODEL) or DEFAULT_MODEL)
    names = tuple(card.name for card in chosen)
    other = opening.compared_elsewhere(current, cards, study_loaders.here)
    if other is None or names != opening.compared(current, cards, study_loaders.here):
        return
    dataset, models = other
    both = " and ".join(models)
    splits = [name for name, one in study_loaders.analysed_of(*models).items() if one.dataset == dataset]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="opened-on"):
        st.caption(
            plain(
                f"{' and '.join(names)} on the built-in faces, whose pictures are here. Those of {dataset} are not on "
                f"this machine{'; the figures of its models are' if splits else ''}."
            )
        )
        st.button(
            plain(f"Show {both}{f' on {dataset}' if splits else ''}"),
            key="open_other",
            on_click=_show_other,
            args=(models, PREFERRED if PREFERRED in splits else next(iter(splits), "")),
            type="tertiary",
        )


def _show_other(models: Sequence[str], split: str) -> None:
    """Choose other models and what they were analysed on; a callback, since the widgets are drawn before."""
    st.session_state[MODELS] = list(models)
    if split:
        st.session_state[ON] = split


def choose_pair(names: Sequence[str]) -> tuple[int, int]:
    """Draw which two models are subtracted, where there are three or more; return (first, second), as indices."""
    pairs = pairs_of(len(names))
    by_text = {f"{names[one]},{names[two]}": (one, two) for one, two in pairs}
    asked = follow(PAIR, next(iter(by_text)))
    wanted = asked if asked is not None else st.session_state[PAIR]
    if wanted not in by_text:
        if asked is not None and asked == st.query_params.get(PAIR):
            say.problems([f"Unknown pair '{asked}'; valid: {'; '.join(by_text)}."])
        wanted = next(iter(by_text))
    if len(pairs) == 1:
        st.session_state.pop(PAIR, None)
        tell(PAIR, "")
        return pairs[0]
    st.session_state[PAIR] = wanted
    chosen: str = st.selectbox(
        "Difference between",
        list(by_text),
        key=PAIR,
        format_func=lambda text: f"{names[by_text[text][1]]} − {names[by_text[text][0]]}",
        width=260,
    )
    tell(PAIR, chosen)
    return by_text[chosen]


Asked = tuple[str, str]
"""The class to explain and the one to subtract or "", in the reference's words."""

Where = tuple[str, int, bool, UInt8, FaceBox | None]
"""A picture's digest, the face's number, whether it is the whole picture, the pixels of that, and its box."""


def given(
    card: RunCard, reference: RunCard, named: NamedPicture, face: FacePrediction, index: int, *, whole: bool
) -> Where:
    """Return what a model is given of a picture, as :func:`dashboard.shell.map_loaders.explanation` takes it.

    A model that is not about faces gets the whole picture, whatever face the reference looks at; beside a reference
    that is not, a model of faces gets the largest face.

    Args:
        reference: the first model. face, index: what it looks at, and its number.
        whole: whether the picture was taken whole.
    """
    if card.domain == "faces" and (reference.domain == "faces" or named.cut or named.truth is not None):
        return named.digest, index, whole, face.crop, face.box
    pixels = loaders.picture(named.digest, named.data, named.name).pixels
    if card.domain == "pictures":
        return named.digest, 0, True, pixels, None
    own = loaders.faces(named.digest, pixels, card.name, card.weights_sha256, False).faces[0]
    return named.digest, 0, False, own.crop, own.box


def explained(card: RunCard, reference: RunCard, layer: str, asked: Asked, where: Where) -> FaceExplanation:
    """Explain what a model is given, from :func:`given`, and return it in the reference's words for the classes."""
    own = same_classes(reference.classes, card.classes)
    plus, minus = (own.get(name, name) for name in asked)
    digest, index, whole, crop, box = where
    key = FaceKey(digest, index, whole, card.name, card.weights_sha256)
    target = f"{plus} - {minus}" if minus and minus != plus else plus
    found = map_loaders.explanation(card, key, crop, box, layer, target)
    return _in_words_of(found, {name: word for word, name in own.items() if word != name})


def _in_words_of(found: FaceExplanation, words: Mapping[str, str]) -> FaceExplanation:
    """Return an explanation with classes called otherwise; ``words`` says how."""
    if not words:
        return found

    def said(target: str) -> str:
        return f" {SIGN} ".join(words.get(name, name) for name in target.split(f" {SIGN} "))

    answer = found.prediction
    return replace(
        found,
        prediction=replace(
            answer,
            classes=tuple(words.get(name, name) for name in answer.classes),
            label=words.get(answer.label, answer.label),
        ),
        maps=tuple(replace(one, target=said(one.target)) for one in found.maps),
    )


def read_given(cards: Sequence[RunCard], seen: Sequence[FaceExplanation]) -> str:
    """Say that some models see the face and others the whole picture; empty where all see the same."""
    pictures = [card.name for card in cards if card.domain == "pictures"]
    if not pictures or all(one.box is None for one in seen):
        return ""
    takes = "take" if len(pictures) > 1 else "takes"
    return (
        f"{', '.join(pictures)} {takes} the whole picture, the others the face alone: places in their maps are not the "
        "same places, and their differences are to be read so."
    )


def answered(cards: Sequence[RunCard], prediction: Prediction) -> str:
    """Return the most probable class of the reference's answer among those that all models know."""
    shared = shared_classes([card.classes for card in cards])
    return max(shared, key=lambda name: probability_of(prediction, name))


def choose_target(
    cards: Sequence[RunCard], layers: Sequence[Sequence[str]], *, predicted: str = "", truth: str | None = None
) -> tuple[str, str, str]:
    """Draw what the Grad-CAM explains and where; return (target, minus or "", layer).

    Args:
        cards: the models; offered are the classes that all of them know.
        layers: each model's layers, from the picture towards the answer.
        predicted: what the reference answers. truth: the picture's label where it is known: it is offered as well,
            and where the answer differs so is their contrast.
    """
    common = [name for name in layers[0] if all(name in others for others in layers)] or [EACH_LAST]
    return target_menus.choose(
        shared_classes([card.classes for card in cards]),
        common,
        predicted=predicted,
        truth=truth,
        hint=plain(
            f"The same for every column; predicted is what {cards[0].name} answers, true what the picture is labelled, "
            "where that is known."
        ),
        layer_word="layer common to the models",
    )
