import io
import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.shared.figures.sheet import json_text, npz_bytes
from engine.explain.cmaen_shares import CmaenShares
from engine.records import FaceExplanation


def test_npz_holds_the_raw_arrays(explained: FaceExplanation) -> None:
    with np.load(io.BytesIO(npz_bytes(explained, explained.maps)), allow_pickle=False) as arrays:
        assert set(arrays.files) == {
            "face",
            "probabilities",
            "logits",
            "classes",
            "gate/block1.channel",
            "gate/block1.spatial",
            "map/gradcam/block4/happy",
        }
        assert (arrays["gate/block1.spatial"] == explained.gates[1].weights).all()
        assert (arrays["map/gradcam/block4/happy"] == explained.maps[0].heatmap).all()
        assert arrays["classes"][3] == "happy"


def test_json_holds_the_numbers(explained: FaceExplanation) -> None:
    document = json.loads(json_text(explained, explained.maps, source="portrait.jpg"))
    assert (document["label"], document["source"], document["box"]) == ("happy", "portrait.jpg", None)
    assert document["probabilities"]["happy"] == pytest.approx(0.93)
    spatial = document["gates"][1]
    assert (spatial["layer"], spatial["kind"], spatial["shape"]) == ("block1.spatial", "spatial", [2, 2])
    assert spatial["mean"] == pytest.approx(0.535)
    assert document["maps"][0]["positive_evidence"] is True
    assert "shares" not in document


def test_json_holds_what_a_cmaens_answer_is_made_of(explained: FaceExplanation) -> None:
    parts = [np.array([value], np.float32) for value in (0.25, 3.0, 1.0)]
    shares = CmaenShares(0.5, (0.4, 0.6), *parts)
    document = json.loads(json_text(explained, explained.maps, source="portrait.jpg", shares=shares))
    assert (document["shares"]["gamma"], document["shares"]["ratio"]) == (0.5, 0.25)
    assert document["shares"]["share"] == {"emotion": 0.75, "fusion": 0.25}


def test_a_map_without_a_layer_is_named_without_one(explained: FaceExplanation) -> None:
    flat = replace(explained.maps[0], method="occlusion", layer="")
    with np.load(io.BytesIO(npz_bytes(explained, [flat])), allow_pickle=False) as arrays:
        assert "map/occlusion/happy" in arrays.files
