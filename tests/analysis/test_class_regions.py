from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.analysis.class_regions import class_places, group_filter, mean_map_places
from engine.analysis.contrasts import typical_pictures
from engine.analysis.files.attention import find_attention
from engine.analysis.store.store import AnalysisStore, open_store
from engine.data.votes.file import read_votes
from engine.edit.face_template import REGIONS
from engine.errors import UnknownNameError, UsageError
from tests.made_votes import pattern_votes, votes, write_votes

LAYER = "block2.spatial"


@pytest.fixture(scope="module")
def store(analysed_store: Path) -> Iterator[AnalysisStore]:
    opened = open_store(("baseline", "cbam"), "fer2013", "private", folder=analysed_store)
    yield opened
    opened.close()


def rows(folder: Path, label: str) -> list[dict[str, object]]:
    table = pq.read_table(folder / "cbam/analysis/fer2013-private/predictions.parquet").to_pylist()
    return [row for row in table if row["label"] == label]


def test_each_class_has_its_pictures_means_with_intervals(store: AnalysisStore, analysed_store: Path) -> None:
    found = class_places(store, LAYER, model="cbam")
    assert [place.label for place in found] == list(store.classes)
    expected = rows(analysed_store, "fear")
    fear = found[2]
    for region in REGIONS:
        mass = fear.masses[region]
        assert mass.mean == pytest.approx(np.mean([row[f"{LAYER}.mass.{region}"] for row in expected]))
        assert mass.n == len(expected) == 2
        assert mass.low <= mass.mean <= mass.high
    assert sum(mass.mean for mass in fear.masses.values()) == pytest.approx(1.0, abs=1e-5)
    assert fear.entropy_nats.mean == pytest.approx(np.mean([row[f"{LAYER}.entropy"] for row in expected]))
    assert fear.centre_y.mean == pytest.approx(np.mean([row[f"{LAYER}.centre_y"] for row in expected]))


def test_groups_are_by_the_answers_of_the_named_model(store: AnalysisStore, analysed_store: Path) -> None:
    for group, wanted in (("right", True), ("wrong", False)):
        counts = [place.entropy_nats.n for place in class_places(store, LAYER, model="cbam", group=group)]
        assert counts == [
            sum(row["correct"] is wanted for row in rows(analysed_store, label)) for label in store.classes
        ]
    with pytest.raises(UnknownNameError, match="all, right, wrong"):
        group_filter("fear", "most", "cbam")


def test_a_mean_map_is_read_like_one_map(analysed_store: Path) -> None:
    of = find_attention("cbam", "fer2013", "private", folder=analysed_store).of(LAYER)
    assert of.mean is not None
    share = of.mean[3] / of.mean[3].sum()
    place = mean_map_places(of)[3]
    assert place.cells == 24 * 24
    assert place.entropy_nats == pytest.approx(-(share * np.log(share)).sum(), rel=1e-5)
    assert place.centre_x == pytest.approx((share.sum(axis=0) * (np.arange(24) + 0.5) / 24).sum(), rel=1e-5)
    with pytest.raises(ValueError, match="channel gate"):
        mean_map_places(find_attention("cbam", "fer2013", "private", folder=analysed_store).of("block2.channel"))


def test_the_nearest_pictures_are_those_whose_mass_moves_least(store: AnalysisStore, analysed_store: Path) -> None:
    # Two pictures of a class are equally far from their mean, so all classes are looked at as one of 14.
    table = pq.read_table(analysed_store / "cbam/analysis/fer2013-private/predictions.parquet").to_pylist()
    masses = {row["id"]: np.array([row[f"{LAYER}.mass.{region}"] for region in REGIONS]) for row in table}
    for label in ("happy", "sad"):
        mine = [row for row in table if row["label"] == label]
        middle = np.mean([masses[row["id"]] for row in mine], axis=0)
        found = typical_pictures(store, LAYER, label, model="cbam", most=1)
        assert (found.n, found.without) == (2, 0)
        (near,), (far,) = found.nearest, found.farthest
        assert {near.id, far.id} == {row["id"] for row in mine}
        for picture in (near, far):
            assert picture.moved == pytest.approx(0.5 * np.abs(masses[picture.id] - middle).sum(), abs=1e-6)
            row = next(row for row in mine if row["id"] == picture.id)
            assert (picture.predicted, picture.label) == (row["predicted"], label)
            assert picture.confidence == pytest.approx(row["confidence"])


def test_pictures_without_a_place_are_counted_and_no_picture_is_at_both_ends(store: AnalysisStore) -> None:
    found = typical_pictures(store, "gradcam.true", "angry", model="baseline", most=5)
    assert found.n + found.without == 2
    assert len(found.nearest) + len(found.farthest) == found.n
    with pytest.raises(UsageError, match="one picture"):
        typical_pictures(store, LAYER, "angry", model="cbam", most=0)


def test_classes_may_be_what_most_people_saw(analysed_store: Path, tmp_path: Path, pattern_table: None) -> None:
    seen = {("PrivateTest", "fear", 0): votes(sad=10), ("PrivateTest", "sad", 1): votes(unknown=10)}
    file = read_votes(write_votes(tmp_path / "v.csv", pattern_votes(seen)))
    joined = open_store(("cbam",), "fer2013", "private", folder=analysed_store, votes=file)
    found = {place.label: place for place in class_places(joined, LAYER, truth="majority", resamples=10)}
    own = {row["id"]: row[f"{LAYER}.mass.mouth"] for label in ("fear", "sad") for row in rows(analysed_store, label)}
    moved = [own["test/fear/PrivateTest_0.png"], own["test/sad/PrivateTest_0.png"]]
    assert found["sad"].masses["mouth"].mean == pytest.approx(np.mean(moved))
    assert (found["sad"].masses["mouth"].n, found["fear"].masses["mouth"].n) == (2, 1)
    right = group_filter("sad", "right", "cbam", "majority")
    assert (right.majority, right.as_people, right.labels, right.correct) == (("sad",), True, (), None)
    with pytest.raises(UnknownNameError, match="kind of truth"):
        group_filter("sad", "right", "cbam", "people")


def test_without_votes_the_majority_is_refused(store: AnalysisStore) -> None:
    with pytest.raises(UsageError, match="What people saw is not known here"):
        class_places(store, LAYER, model="cbam", truth="majority", resamples=10)
