from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.data.read import gather as gathering
from engine.data.read.gather import CHUNK, Decoder, gather
from engine.data.read.sources import Entry
from engine.errors import DataError

LABELS = {"angry": 0, "happy": 1}


def decoder(size: int = 4, channels: int | None = 1, **need: str) -> Decoder:
    return Decoder(labels=LABELS, size=size, channels=channels, need=lambda split: need.get(split or "", "pixels"))  # type: ignore[arg-type, return-value]


def entry(name: str, value: int = 0, word: str = "happy", split: str | None = "train", **more: object) -> Entry:
    return Entry(name, split, word, np.full((4, 4), value, np.uint8), **more)  # type: ignore[arg-type]


def test_many_chunks_come_out_by_id_with_their_own_pixels() -> None:
    """Three chunks, shuffled: a result that slipped by one place would carry a neighbour's pixels."""
    count = 2 * CHUNK + 5
    order = np.random.default_rng(0).permutation(count)
    entries = [entry(f"{number:05d}", number % 251) for number in order]
    pictures, skipped = gather(entries, decoder(), drop_unknown=False, source="set")
    assert skipped == ()
    assert [picture.id for picture in pictures] == [f"{number:05d}" for number in range(count)]
    assert all(picture.pixels is not None for picture in pictures)
    assert [int(picture.pixels[0, 0]) for picture in pictures] == [n % 251 for n in range(count)]  # type: ignore[index]


def test_large_files_go_in_small_chunks(png: Callable[[np.ndarray], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files there are, no more than the bound (and the file that reached it) is held before decoding."""
    good = png(np.zeros((4, 4), np.uint8))
    monkeypatch.setattr(gathering, "CHUNK_BYTES", 3 * len(good))
    sizes = [len(chunk) for chunk in gathering._chunks(Entry(str(n), "train", "happy", good) for n in range(10))]
    assert sizes == [3, 3, 3, 1]


def test_rows_keep_their_order() -> None:
    entries = [entry(f"train/happy/{row}", row=row) for row in (10, 9, 2)]
    pictures, _ = gather(entries, decoder(), drop_unknown=False, source="set")
    assert [picture.row for picture in pictures] == [2, 9, 10]


def test_only_what_is_needed_is_kept() -> None:
    entries = [entry("a", split="train"), entry("b", split="val"), entry("c", split="test")]
    pictures, skipped = gather(entries, decoder(train="digest", val="nothing"), drop_unknown=False, source="set")
    assert [(picture.id, picture.pixels is None) for picture in pictures] == [("a", True), ("c", False)]
    assert pictures[0].digest == pictures[1].digest
    assert skipped == ()


def test_an_unreadable_file_is_listed_and_never_a_black_picture(
    png: Callable[[np.ndarray], bytes], tmp_path: Path
) -> None:
    good = png(np.full((4, 4), 9, np.uint8))
    entries = [
        Entry("1", "train", "happy", good),
        Entry("2", "train", "happy", b""),
        Entry("3", "train", "happy", b"\0" * 500),
        Entry("4", "train", "happy", tmp_path / "gone.png"),
        Entry("5", "train", "happy", tmp_path),
        Entry("6", "train", "happy", good),
        Entry("7", "train", "happy", good),
        Entry("8", "train", "happy", good),
    ]
    pictures, skipped = gather(entries, decoder(), drop_unknown=False, source="set")
    assert [picture.id for picture in pictures] == ["1", "6", "7", "8"]
    assert all((picture.pixels == 9).all() for picture in pictures)
    assert [(file.id, file.reason) for file in skipped] == [
        ("2", "the file is empty"),
        ("3", "not a picture"),
        ("4", "not an ordinary file"),
        ("5", "not an ordinary file"),
    ]


def test_more_than_half_unreadable_is_an_error() -> None:
    bad = [Entry(f"bad{n}", "train", "happy", b"") for n in range(2)]
    pictures, skipped = gather([entry("a"), entry("b"), *bad], decoder(), drop_unknown=False, source="set")
    assert (len(pictures), len(skipped)) == (2, 2)
    with pytest.raises(DataError, match=r"'set' to be readable, but 2 of 3 are not .*'bad0': the file is empty"):
        gather([entry("a"), *bad], decoder(), drop_unknown=False, source="set")


def test_files_of_other_kinds_do_not_count_as_damage() -> None:
    foreign = [Entry(f"{n}.txt", "train", "happy", None, reason="not a picture", foreign=True) for n in range(5)]
    pictures, skipped = gather([entry("a"), *foreign], decoder(), drop_unknown=False, source="set")
    assert (len(pictures), len(skipped)) == (1, 5)


def test_unknown_classes_are_listed_and_can_be_dropped() -> None:
    entries = [entry("a"), entry("b", word="Contempt"), entry("c", word="Contempt"), entry("d", word="cats")]
    with pytest.raises(DataError) as caught:
        gather(entries, decoder(), drop_unknown=False, source="set")
    assert "angry, happy: 'Contempt' (2), 'cats' (1); " in str(caught.value)
    assert "--drop-unknown" in str(caught.value)
    pictures, skipped = gather(entries, decoder(), drop_unknown=True, source="set")
    assert [picture.id for picture in pictures] == ["a"]
    assert [(file.id, file.reason) for file in skipped] == [
        ("b", "unknown class 'Contempt'"),
        ("c", "unknown class 'Contempt'"),
        ("d", "unknown class 'cats'"),
    ]


def test_many_long_names_stay_one_sentence() -> None:
    many = [entry(f"{n}" + "y" * 5_000, word=f"{n:02d}" + "x" * 5_000) for n in range(30)]
    with pytest.raises(DataError, match="and 18 more; rename them") as caught:
        gather(many, decoder(), drop_unknown=False, source="set")
    assert len(str(caught.value)) < 3_000
    bad = [Entry("z" * 5_000, "train", "happy", b"")]
    with pytest.raises(DataError, match="the file is empty") as caught:
        gather(bad, decoder(), drop_unknown=False, source="set")
    assert len(str(caught.value)) < 1_000


def test_what_lies_beside_the_splits_is_left_out_and_listed() -> None:
    entries = [entry("train/happy/a"), entry("plots/b", word="plots", split=None), entry("happy/c", split=None)]
    pictures, skipped = gather(entries, decoder(), drop_unknown=False, source="set")
    assert [picture.id for picture in pictures] == ["train/happy/a"]
    reason = "it belongs to none of the source's splits (train)"
    assert [(file.id, file.reason, file.unreadable) for file in skipped] == [
        ("happy/c", reason, False),
        ("plots/b", reason, False),
    ]
    pictures, _ = gather(entries, decoder(train="nothing"), drop_unknown=False, source="set")
    assert pictures == []


def test_one_class_in_two_folders_that_are_no_splits_is_refused() -> None:
    """Nobody knows which of them is for testing; pooled, they would be drawn again."""
    pools = [entry(f"happy/{n}", split=None, wrapper=("one", "two", "")[n]) for n in range(3)]
    with pytest.raises(DataError) as caught:
        gather(pools, decoder(), drop_unknown=False, source="set")
    assert str(caught.value) == (
        "'set' has the class 'happy' in several folders whose names are no splits: 'set' (1), 'one' (1), 'two' (1); "
        "call them train, val and test, or point --data at one of them."
    )
    apart = [entry("happy/1", split=None, wrapper="one"), entry("angry/1", split=None, wrapper="two", word="angry")]
    assert len(gather(apart, decoder(), drop_unknown=False, source="set")[0]) == 2
    beside = [entry("train/happy/1"), entry("happy/2", split=None, wrapper="x"), entry("happy/3", split=None)]
    assert len(gather(beside, decoder(), drop_unknown=False, source="set")[0]) == 1


def test_who_is_elsewhere_costs_no_decoding() -> None:
    entries = [entry("train/happy/1", subject="S1"), Entry("test/happy/2", "test", "happy", b"broken", subject="S2")]
    pictures, skipped = gather(entries, decoder(test="person"), drop_unknown=False, source="set")
    assert [(picture.subject, picture.pixels is None) for picture in pictures] == [("S2", True), ("S1", False)]
    assert skipped == ()


def test_the_same_id_twice_is_an_error() -> None:
    with pytest.raises(DataError, match="'a' is there again"):
        gather([entry("a"), entry("b"), entry("a", 3)], decoder(), drop_unknown=False, source="set")


@pytest.mark.parametrize(("channels", "shape"), [(1, (6, 6)), (3, (6, 6, 3)), (None, (6, 6, 3))])
def test_size_and_channels(channels: int | None, shape: tuple[int, ...]) -> None:
    colour = Entry("a", "train", "happy", np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    (picture,), _ = gather([colour], decoder(size=6, channels=channels), drop_unknown=False, source="set")
    assert picture.pixels is not None
    assert picture.pixels.shape == shape
