"""A predictor where Python programs put one: in inference mode, in a worker, in a process that was forked."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest
import torch

from engine.explain.methods.registry import METHODS, refusals_of
from engine.media.faces import HaarDetector
from engine.predictor import EmotionPredictor
from tests.made import ROOT

pytestmark = pytest.mark.slow

PORTRAIT = ROOT / "dashboard" / "samples" / "astronaut.jpg"


@pytest.fixture(scope="module")
def shared() -> EmotionPredictor:
    return EmotionPredictor(ROOT / "checkpoints" / "cbam")


def test_maps_in_inference_mode_are_those_outside(shared: EmotionPredictor) -> None:
    refused = refusals_of(shared.model, shared.card.input, tuple(METHODS))
    methods = tuple(name for name in METHODS if name not in refused)
    expected = shared.explain(PORTRAIT, method=methods)
    with torch.inference_mode():
        found = shared.explain(PORTRAIT, method=methods)
    for one, other in zip(found.maps, expected.maps, strict=True):
        np.testing.assert_array_equal(one.heatmap, other.heatmap)


def test_one_that_is_made_in_inference_mode_works_in_and_outside() -> None:
    with torch.inference_mode():
        made = EmotionPredictor(ROOT / "checkpoints" / "cbam")
        inside = made.explain(PORTRAIT)
        made.trust(inside)
    np.testing.assert_array_equal(made.explain(PORTRAIT).maps[0].heatmap, inside.maps[0].heatmap)


@pytest.mark.parametrize("detector", [None, HaarDetector()])
def test_it_travels_to_a_worker(shared: EmotionPredictor, detector: HaarDetector | None) -> None:
    sent = EmotionPredictor(ROOT / "checkpoints" / "cbam", detector=detector, require_face=True)
    came = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes
    assert type(came.detector) is type(sent.detector)
    assert came.require_face
    assert came.predict(PORTRAIT).faces[0].box == sent.predict(PORTRAIT).faces[0].box
    assert came.predict(PORTRAIT).faces[0].prediction.label == shared.predict(PORTRAIT).faces[0].prediction.label


def _answer(predictor: EmotionPredictor, queue: multiprocessing.Queue[str]) -> None:
    queue.put(predictor.explain(PORTRAIT).prediction.label)


def test_a_fork_after_a_prediction_answers(shared: EmotionPredictor) -> None:
    label = shared.explain(PORTRAIT).prediction.label  # now there are threads that a fork does not have
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[str] = context.Queue()
    child = context.Process(target=_answer, args=(shared, queue))
    child.start()
    try:
        assert queue.get(timeout=60) == label
    finally:
        child.kill()
        child.join()
