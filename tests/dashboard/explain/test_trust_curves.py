import pytest

from dashboard.views.explain.figures.trust_curves import faithfulness_curves, imputers_of
from tests.dashboard.made_trust import make_faithful


def test_the_maps_curves_stand_beside_their_references() -> None:
    found = make_faithful(0.1)
    assert imputers_of(found) == ("blur",)
    figure = faithfulness_curves(found)
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["the map’s highest first"].x) == [0.0, 50.0, 100.0]
    assert list(by_name["the map’s highest first"].y) == pytest.approx([0.9, 0.3, 0.1])
    assert list(by_name["its lowest first"].y) == pytest.approx([0.9, 0.8, 0.1])
    assert list(by_name["a spot in the middle first"].y) == pytest.approx([0.9, 0.4, 0.1])
    band = by_name["2 random maps"]
    assert list(band.y) == pytest.approx([0.9, 0.6, 0.1, 0.1, 0.5, 0.9])
    assert figure.layout.yaxis.title.text == "probability of happy"
    assert figure.layout.annotations[0].text == "cells blurred away"
