from __future__ import annotations

import json
import threading

import pytest
import torch

from engine.errors import UnknownNameError
from engine.explain.explainer import explain_face
from engine.explain.methods.method import Setup
from engine.explain.target import Target
from engine.models.locking import model_lock
from engine.records import Explanation
from engine.trust.map_sanity import QUESTIONS, MapSanity, map_sanity, maps_wanted
from engine.trust.robustness import SAMPLES, robustness
from engine.trust.sanity import DRAWS, cascading_randomisation, class_sensitivity
from tests.explain.known import CLASSES, SPEC, OneBlock, noise, unchanged
from tests.explain.made import TwoLayers


def map_of(model: torch.nn.Module, method: str = "gradcam", target: str = "angry") -> Explanation:
    (found,) = explain_face(
        model, noise(1)[0], model_name="m", classes=CLASSES, spec=SPEC, layer="features",
        target=Target.parse(target), method=method,
    ).maps  # fmt: skip
    return found


def asked(model: torch.nn.Module, explanation: Explanation, **how: object) -> MapSanity:
    return map_sanity(model, noise(1)[0], explanation, spec=SPEC, classes=CLASSES, **how)  # type: ignore[arg-type]


def test_it_asks_what_the_three_measures_ask() -> None:
    model, face = TwoLayers(), noise(1)[0]
    explanation = map_of(model, "hirescam", "angry - happy")
    told: list[tuple[str, int, int]] = []
    with unchanged(model):
        found = asked(model, explanation, seed=3, progress=lambda *at: told.append(at))
    how = {"spec": SPEC, "classes": CLASSES, "layer": "features", "method": "hirescam"}
    target = Target("angry", "happy")
    assert found.robustness == robustness(model, face, target=target, seed=3, **how)  # type: ignore[arg-type]
    assert found.randomisation == cascading_randomisation(model, face, target=target, seed=3, **how)  # type: ignore[arg-type]
    alone = class_sensitivity(model, face, **how)  # type: ignore[arg-type]
    assert found.classes.correlation.tolist() == alone.correlation.tolist()
    assert (found.method, found.layer, found.target) == ("hirescam", "features", "angry − happy")
    # 40 disturbed pictures and the true one, 2 parts in 3 draws and the true map, 3 classes.
    wanted = SAMPLES + 1 + DRAWS * 2 + 1 + 3
    assert maps_wanted(model, SPEC, 3) == wanted
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1] == (QUESTIONS[2], wanted, wanted)
    assert list(dict.fromkeys(question for question, _, _ in told)) == list(QUESTIONS)
    document = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert document["robustness"]["radius"] == 5.0
    assert [part["name"] for part in document["randomisation"]["parts"]] == ["output", "features"]
    assert document["class_sensitivity"]["classes"] == list(CLASSES)


def test_a_map_without_a_layer_keeps_none_and_its_setup_counts() -> None:
    model = TwoLayers()
    explanation = map_of(model, "integrated_gradients")
    grey = asked(model, explanation)
    assert (grey.layer, grey.robustness.layer, grey.classes.layer) == ("", "", "")
    # The map is gradient times (picture - baseline): another baseline, another map.
    black = asked(model, explanation, setup=Setup(SPEC, baseline=0.0))
    assert black.robustness.max_sensitivity != grey.robustness.max_sensitivity


def test_nobody_waits_for_it() -> None:
    model = OneBlock()
    free: list[bool] = []

    def try_it() -> None:
        free.append(model_lock(model).acquire(blocking=False))
        if free[-1]:
            model_lock(model).release()

    def other(_question: str, _done: int, _total: int) -> None:
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()

    asked(model, map_of(model), progress=other)
    assert free
    assert all(free)


def test_measures_of_different_maps_are_no_answer() -> None:
    one, two = (asked(TwoLayers(), map_of(TwoLayers(), name)) for name in ("gradcam", "hirescam"))
    with pytest.raises(ValueError, match="three measures of one map"):
        MapSanity(one.robustness, two.randomisation, one.classes, 0, 1.0)
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'"):
        asked(TwoLayers(), Explanation("gradcam", "features", "bored", map_of(TwoLayers()).heatmap, False, 0.0, 1.0, 0))
