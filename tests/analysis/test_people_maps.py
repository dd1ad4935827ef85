from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.class_regions import OF_LABEL, class_places, group_filter
from engine.analysis.contrasts import typical_pictures
from engine.analysis.files.attention import GROUPS, AttentionFile, find_attention, open_attention
from engine.analysis.people_maps import (
    Drawn,
    drawn_pictures,
    drawn_words,
    people_file,
    read_people_maps,
    write_people_maps,
)
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore, open_store
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.data.dataset import FaceDataset
from engine.data.registry import load_dataset
from engine.data.votes.file import VOTE_COLUMNS, read_votes
from engine.data.votes.join import votes_of
from engine.data.votes.rules import most_votes
from engine.errors import DataError, UsageError
from engine.models.checkpoint import LoadedModel, load_checkpoint
from engine.records import UInt8
from tests.made_votes import pattern_votes, votes, write_votes

SEEN = {
    ("PrivateTest", "fear", 0): votes(surprise=9, fear=1),
    ("PrivateTest", "fear", 1): votes(surprise=9, fear=1),
    ("PrivateTest", "sad", 0): votes(angry=10),
    ("PrivateTest", "angry", 0): votes(contempt=10),
    ("PrivateTest", "angry", 1): votes(unknown=10),
}


@pytest.fixture
def votes_file(tmp_path: Path, pattern_table: None) -> Path:
    return write_votes(tmp_path / "fer2013new.csv", pattern_votes(SEEN))


@pytest.fixture
def store(analysed_store: Path, votes_file: Path) -> Iterator[AnalysisStore]:
    opened = open_store(("cbam",), "fer2013", "private", folder=analysed_store, votes=read_votes(votes_file))
    yield opened
    opened.close()


@pytest.fixture
def by_label(analysed_store: Path) -> AttentionFile:
    return find_attention("cbam", "fer2013", "private", folder=analysed_store)


@pytest.fixture
def model(analysed_store: Path) -> LoadedModel:
    return load_checkpoint("cbam", folder=analysed_store)


@pytest.fixture
def pictures(patterns: Path) -> FaceDataset:
    return load_dataset("fer2013", "private", data=patterns)


def of(pictures: FaceDataset) -> Callable[[str], UInt8]:
    return dict(zip(pictures.ids, pictures.images, strict=True)).__getitem__


def test_they_are_what_an_analysis_of_pictures_labelled_by_the_majority_keeps(
    store: AnalysisStore, by_label: AttentionFile, model: LoadedModel, pictures: FaceDataset, votes_file: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    most = most_votes(votes_of(pictures.ids, read_votes(votes_file)))
    seen = [VOTE_COLUMNS[index] if index >= 0 else "" for index in most]
    kept = np.flatnonzero([name in pictures.classes for name in seen])
    assert len(kept) == 12  # of 14, one was seen as contempt, and in one nobody saw an emotion
    labels = np.array([pictures.classes.index(seen[place]) for place in kept], np.int64)
    relabelled = replace(pictures.subset(kept), labels=labels)
    settings = SweepSettings(batch_size=16)
    sweep(model.model, model.card, relabelled, tmp_path / "fer2013-private", settings=settings, bare=1)

    told: list[tuple[int, int]] = []
    out = tmp_path / "made" / "of_people.safetensors"
    write_people_maps(
        model.model, model.card, by_label, drawn_pictures(store, "cbam"), of(pictures), out,
        lambda done, total: told.append((done, total)),
    )  # fmt: skip
    found = read_people_maps(out)
    assert found is not None
    expected = open_attention(tmp_path / "fer2013-private" / "attention.safetensors", "")
    assert found.layers == expected.layers == by_label.layers
    for layer in found.layers:
        for group in GROUPS:
            ours, theirs = found.of(layer, group), expected.of(layer, group)
            assert ours.count.tolist() == theirs.count.tolist()
            for mine, one in zip(ours.values, theirs.values, strict=True):
                np.testing.assert_allclose(mine, one, atol=2e-5)
    surprise = found.of("block2.spatial").count[pictures.classes.index("surprise")]
    assert surprise == 4  # two labelled so, and the two of fear
    assert by_label.of("block2.spatial").count[pictures.classes.index("surprise")] == 2
    assert told == [(0, 12), (12, 12)]
    assert drawn_words(found) == "All 12 pictures in which most people saw a class of the model."


def test_a_class_gives_so_many_pictures_at_most_spaced_evenly(store: AnalysisStore) -> None:
    everything = drawn_pictures(store, "cbam")
    assert (len(everything.ids), everything.total) == (12, 12)
    ordered = store.rows(columns=[Column("id")], limit=None).table["id"].to_pylist()
    assert [name for name in ordered if name in everything.ids] == list(everything.ids)
    fewer = drawn_pictures(store, "cbam", most=3)
    surprise = [name for name, index in zip(everything.ids, everything.classes, strict=True) if index == 6]
    chosen = [name for name, index in zip(fewer.ids, fewer.classes, strict=True) if index == 6]
    assert chosen == [surprise[0], surprise[2], surprise[3]]  # of places 0 to 3 evenly: 0, 1.5 and 3
    assert fewer.total == 12
    assert np.bincount(fewer.classes, minlength=7).max() == 3


def test_right_is_what_answers_the_majority(store: AnalysisStore) -> None:
    found = drawn_pictures(store, "cbam")
    for name, index, right in zip(found.ids, found.classes, found.right, strict=True):
        row = store.picture(name)
        assert row["majority"] == store.classes[index]
        assert right == (row["predicted"] == row["majority"])


def test_a_picture_that_cannot_be_had_leaves_nothing_behind(
    store: AnalysisStore, by_label: AttentionFile, model: LoadedModel, tmp_path: Path
) -> None:
    def missing(name: str) -> UInt8:
        raise DataError(f"no {name}")

    with pytest.raises(DataError, match="no test/"):
        write_people_maps(
            model.model, model.card, by_label, drawn_pictures(store, "cbam"), missing, tmp_path / "people" / "a.x"
        )
    assert not list((tmp_path / "people").glob("*")) if (tmp_path / "people").exists() else True


def test_other_votes_are_another_file_and_a_damaged_one_is_made_anew(by_label: AttentionFile, tmp_path: Path) -> None:
    first, second = people_file(tmp_path, by_label, "a" * 64), people_file(tmp_path, by_label, "b" * 64)
    assert first != second
    assert read_people_maps(first) is None
    first.write_bytes(b"nothing of the kind")
    assert read_people_maps(first) is None


def test_without_votes_or_without_pictures_it_is_said(analysed_store: Path) -> None:
    without = open_store(("cbam",), "fer2013", "private", folder=analysed_store)
    with pytest.raises(UsageError, match="fer2013new"):
        drawn_pictures(without, "cbam")


def test_no_picture_with_a_class_of_the_model(analysed_store: Path, tmp_path: Path, pattern_table: None) -> None:
    nobody = {
        (usage, word, number): votes(unknown=10)
        for usage in ("PrivateTest",)
        for word in ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
        for number in range(2)
    }
    file = write_votes(tmp_path / "nobody.csv", pattern_votes(nobody))
    opened = open_store(("cbam",), "fer2013", "private", folder=analysed_store, votes=read_votes(file))
    with pytest.raises(DataError, match="most people saw a class of the model"):
        drawn_pictures(opened, "cbam")


def test_figures_of_the_true_classs_gradcam_count_only_what_is_labelled_as_seen(store: AnalysisStore) -> None:
    counts = {place.label: place.entropy_nats.n for place in class_places(store, OF_LABEL, truth="majority")}
    others = {place.label: place.entropy_nats.n for place in class_places(store, "block2.spatial", truth="majority")}
    assert others["surprise"] == 4
    assert counts["surprise"] <= 2  # those of fear have a map for fear, not for surprise
    where = group_filter("surprise", "all", None, "majority", OF_LABEL)
    assert (where.labels, where.majority) == (("surprise",), ("surprise",))
    found = typical_pictures(store, "block2.spatial", "surprise", truth="majority")
    assert found.n == 4
    assert sum("/fear/" in one.id for one in (*found.nearest, *found.farthest)) == 2


def test_drawn_words_say_how_many_of_how_many() -> None:
    drawn = Drawn(("a",), np.zeros(1, np.int64), np.ones(1, np.bool_), 9)
    file = AttentionFile(Path("x"), {"drawn": [len(drawn.ids), drawn.total]}, "")
    assert drawn_words(file).startswith("1 of the 9 pictures in which most people saw")
