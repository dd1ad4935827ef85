from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.explain.explainer import explain_face
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.models.taps import taps_of
from engine.records import InputSpec
from engine.trust.lenders import LENDERS, NO_LENDERS, Lenders, built_in_lenders, given
from engine.trust.trust import trust
from tests.explain.known import CLASSES, SPEC, OneBlock, noise, unchanged


@pytest.mark.usefixtures("narrow")
def test_one_call_gives_gates_and_maps_for_the_maps_target() -> None:
    torch.manual_seed(2)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    face = noise(1, side=48)[0]
    how = {"spec": DEFAULT_INPUT, "classes": EMOTIONS}
    explained = explain_face(model, face, model_name="m", layer="block3", target=Target("sad", "fear"), **how)  # type: ignore[arg-type]
    told: list[tuple[str, int, int]] = []
    with unchanged(model):
        drawn = Lenders(built_in_lenders(2, DEFAULT_INPUT), LENDERS)
        report = trust(
            model,
            explained,
            others=drawn,
            imputers=["blur"],
            gate_draws=2,
            map_draws=3,
            progress=lambda *at: told.append(at),
            **how,
        )  # type: ignore[arg-type]
    assert [gate.layer for gate in report.gates] == [tap.layer for tap in taps_of(model)]
    assert {gate.target for gate in report.gates} == {"sad − fear"}
    assert all(gate["another picture"].draws == 2 for gate in report.gates)
    (item,) = report.maps
    assert (item.layer, item.target, item.score.n) == ("block3", "sad − fear", 6)
    assert told[-1] == ("gradcam at block3", 5, 5)
    assert ("gates", 8, 8) in told
    document = report.as_dict()
    assert document["lenders"] == LENDERS
    assert document["thresholds"] == {"used": 0.05, "weakly_used": 0.01}
    assert len(document["gates"]) == 8
    others = trust(
        model, explained, others=given(noise(4, side=48)), imputers=["blur"], gate_draws=2, map_draws=1, **how
    )  # type: ignore[arg-type]
    assert others.lenders == "4 other pictures"
    alone = trust(model, explained, imputers=["blur"], gate_draws=2, map_draws=1, **how)  # type: ignore[arg-type]
    assert alone.lenders == NO_LENDERS
    assert all("another picture" not in {one.name for one in gate.replacements} for gate in alone.gates)


def test_a_model_without_gates_has_maps_only() -> None:
    model = OneBlock()
    explained = explain_face(model, noise(1)[0], model_name="m", classes=CLASSES, spec=SPEC, layer="features")
    report = trust(model, explained, spec=SPEC, classes=CLASSES, imputers=["blur"], map_draws=1)
    assert report.gates == ()
    assert len(report.maps) == 1


def test_lenders_fit_the_model() -> None:
    assert built_in_lenders(3, InputSpec(32, 1, (0.5,), (0.25,))).shape == (3, 32, 32)
    faces = built_in_lenders(2, InputSpec(32, 3, (0.5,) * 3, (0.25,) * 3))
    assert (faces.shape, faces.dtype) == ((2, 32, 32, 3), np.uint8)
    assert not np.array_equal(faces[0], faces[1])
    with pytest.raises(ValueError, match="expected 1 to"):
        built_in_lenders(0, SPEC)
