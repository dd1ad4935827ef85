"""The caching code of the Activations page: layers, feature maps, and what a sample of a dataset excites."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from dashboard.shell import study_loaders
from dashboard.shell.costs import Work
from dashboard.shell.loaders import KEPT, predictor
from engine.data.by_id import SYNTHETIC
from engine.records import Float32, RunCard, UInt8
from engine.statistics.frequent import shown_classes
from engine.statistics.selectivity import selectivity

if TYPE_CHECKING:
    from engine.explain.feature_maps import FeatureMaps, LayerOutput

A_CLASS: Final = 30
"""Pictures of each class in the sample, at most: enough for an F statistic, and answered in about a second."""
DRAWN_A_CLASS: Final = 16
"""The same of built-in faces, each of which has to be drawn first, which takes longer than its answer."""


Told = Callable[[int, int], None]
"""Called with (pictures read, wanted)."""


@dataclass(frozen=True)
class Weights:
    """Which weights, and what pictures they take; the key of everything that is kept."""

    name: str
    sha256: str
    size: int
    channels: int


@dataclass(frozen=True, eq=False)
class Sample:
    """Some test pictures of a dataset: N ids, N labels and uint8 (N, S, S[, 3]) as the model takes them."""

    dataset: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    faces: UInt8


def _weights(card: RunCard) -> Weights:
    return Weights(card.name, card.weights_sha256, card.input.size, card.input.channels)


@st.cache_data(show_spinner=False, max_entries=16)
def _layers(weights: Weights, _card: RunCard) -> tuple[LayerOutput, ...]:  # noqa: ARG001  # the key
    from engine.explain.feature_maps import feature_layers

    return feature_layers(predictor(_card).model, _card.input)


def layers(card: RunCard) -> tuple[LayerOutput, ...]:
    """Return the model's layers that have feature maps."""
    return _layers(_weights(card), card)


@st.cache_data(show_spinner=False, max_entries=KEPT)
def _maps(weights: Weights, layer: str, face: bytes, _card: RunCard, _face: UInt8) -> FeatureMaps:  # noqa: ARG001
    from engine.explain.feature_maps import feature_maps

    return feature_maps(predictor(_card).model, _face, spec=_card.input, layer=layer)


def maps(card: RunCard, layer: str, face: UInt8) -> FeatureMaps:
    """Return what a layer makes of a face, (S, S) or (S, S, 3) uint8 as the model takes it."""
    return _maps(_weights(card), layer, face.tobytes(), card, face)


@st.cache_resource(show_spinner=False, max_entries=8)
def _sample(dataset: str, at: tuple[str, int], weights: Weights, _card: RunCard, _told: Told) -> Sample:  # noqa: ARG001
    by_class: dict[str, list[str]] = {}
    for picture_id in study_loaders.ids(dataset, "test"):
        by_class.setdefault(picture_id.split("/")[-2], []).append(picture_id)
    shown = shown_classes(tuple(by_class), [len(names) for names in by_class.values()])
    chosen = []
    for names in shown.pick(list(by_class.values())):
        count = min(sampled(dataset), len(names))
        chosen += [names[number * len(names) // count] for number in range(count)]
    pictures = []
    for number, name in enumerate(chosen):
        _told(number, len(chosen))
        pictures.append(study_loaders.dataset_picture(dataset, name, _card))
    return Sample(
        dataset,
        tuple(chosen),
        tuple(picture.label for picture in pictures),
        np.stack([picture.pixels for picture in pictures]),
    )


def sampled(dataset: str) -> int:
    """Return how many pictures of each class are in the sample at most."""
    return DRAWN_A_CLASS if dataset == SYNTHETIC else A_CLASS


def sample(dataset: str, card: RunCard, told: Told) -> Sample:
    """Return up to :func:`sampled` test pictures of each class, evenly spread over the split.

    Raises:
        DataError: the dataset is not on this machine.
    """
    return _sample(dataset, study_loaders.place(dataset), _weights(card), card, told)


@st.cache_resource(show_spinner=False, max_entries=16)
def _means(weights: Weights, ids: tuple[str, ...], _card: RunCard, _faces: UInt8) -> dict[str, Float32]:  # noqa: ARG001
    from engine.explain.feature_maps import all_channel_means

    return all_channel_means(predictor(_card).model, _faces, spec=_card.input)


def means(card: RunCard, layer: str, of: Sample) -> Float32:
    """Return each channel's mean over each face of a sample, float32 (N, C)."""
    return _means(_weights(card), (of.dataset, *of.ids), card, of.faces)[layer]


@dataclass(frozen=True, eq=False)
class Sampled:
    """A sample that was answered.

    Attributes:
        sample: its pictures. means: layer → float32 (N, C), each channel's mean over each of the N pictures.
        separation: see :func:`separation`.
    """

    sample: Sample
    means: dict[str, Float32]
    separation: dict[str, float]


def sampled_work(dataset: str, card: RunCard) -> tuple[Hashable, Work]:
    """Return what answering a sample depends on, and its cost."""
    key = (dataset, study_loaders.place(dataset), _weights(card))
    return key, Work(card.weights_sha256, f"sample of {dataset} answered")


def answered(dataset: str, card: RunCard, told: Told) -> Sampled:
    """Answer a sample by every layer; ``told`` hears (pictures read, wanted), and what it raises ends the work.

    Raises:
        DataError: the dataset is not on this machine.
    """
    found = sample(dataset, card, told)
    return Sampled(found, _means(_weights(card), (dataset, *found.ids), card, found.faces), separation(card, found))


@st.cache_data(show_spinner=False, max_entries=64)
def _separation(weights: Weights, ids: tuple[str, ...], _card: RunCard, _sample: Sample) -> dict[str, float]:  # noqa: ARG001
    _, labels = np.unique(np.array(_sample.labels), return_inverse=True)
    found = {}
    for layer in layers(_card):
        if "." not in layer.name:  # whole blocks: what lies inside one is a step on the way
            judged = selectivity(means(_card, layer.name, _sample), labels.astype(np.int64))
            found[layer.name] = float(np.nan_to_num(judged.f, nan=0.0, posinf=0.0).mean())
    return found


def separation(card: RunCard, of: Sample) -> dict[str, float]:
    """Return block → how well its channels tell the sample's classes apart: their mean F statistic.

    All layers answer in the one pass that any of them needs. Empty for a model without blocks of that kind.
    """
    return _separation(_weights(card), (of.dataset, *of.ids), card, of)
