from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.data.audit import hashes
from engine.data.audit.hashes import BITS, dhash, hamming, near_pairs, phash
from tests.made_audit import lighter, scene


@pytest.fixture(scope="module")
def scenes() -> np.ndarray:
    return np.stack([scene(seed) for seed in range(40)])


@pytest.mark.parametrize("hashed", [phash, dhash])
def test_a_lighter_picture_keeps_its_hash_and_others_differ(
    scenes: np.ndarray, hashed: Callable[[np.ndarray], np.ndarray]
) -> None:
    hashes = hashed(scenes)
    assert hashes.shape == (40,)
    assert hashes.dtype == np.uint64
    assert hamming(hashes, hashed(lighter(scenes))).max() <= 2
    apart = hamming(hashes[:, None], hashes[None, :])[np.triu_indices(40, 1)]
    assert apart.min() > 6
    assert 24 < apart.mean() < 40  # unrelated pictures agree in half of the bits


def test_phash_is_above_the_median_for_half_and_turns_round_in_the_negative(scenes: np.ndarray) -> None:
    assert set(np.bitwise_count(phash(scenes)).tolist()) == {BITS // 2}
    assert hamming(phash(scenes), phash(255 - scenes)).min() == BITS


def test_phash_sees_the_lowest_frequencies_and_not_the_mean(scenes: np.ndarray) -> None:
    rows = np.arange(48)
    finest = (20 * (-1) ** (rows[:, None] + rows[None, :])).astype(np.int64)  # the highest frequency of all
    changed = np.clip(scenes.astype(np.int64) + finest, 0, 255).astype(np.uint8)
    assert np.median(hamming(phash(scenes), phash(changed))) == 0
    rows, columns = hashes._LOW
    assert (rows[0], columns[0]) == (0, 1)
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == BITS
    assert (rows + columns).max() == 10  # diagonals 1 to 9 hold 54 cells, so ten come from the tenth


def test_dhash_of_ramps() -> None:
    ramp = np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))
    both = dhash(np.stack([ramp, ramp[:, ::-1], ramp.T]))
    assert both.tolist() == [2**64 - 1, 0, 0]
    # The left half rises, the right falls: of eight steps four are up.
    roof = np.minimum(ramp, ramp[:, ::-1])
    assert int(dhash(roof[None])[0]) == int("11110000" * 8, 2)


@pytest.mark.parametrize("most", [0, 1, 5, 12])
@pytest.mark.parametrize("block", [3, 4096])
def test_near_pairs_equal_those_of_brute_force(monkeypatch: pytest.MonkeyPatch, most: int, block: int) -> None:
    monkeypatch.setattr("engine.data.audit.hashes._BLOCK", block)
    rng = np.random.default_rng(5)
    hashes = rng.integers(0, 2**63, 60, dtype=np.uint64)
    for number in range(30):  # half are neighbours of another, 0 to 14 bits away
        flips = rng.choice(64, number // 2, replace=False)
        hashes[30 + number] = hashes[number] ^ np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64), initial=0)
    expected = [
        [i, j] for i in range(60) for j in range(i + 1, 60) if (int(hashes[i]) ^ int(hashes[j])).bit_count() <= most
    ]
    assert len(expected) >= 2 * most
    assert near_pairs(hashes, most).tolist() == expected


def test_nothing_is_near_nothing() -> None:
    assert near_pairs(np.zeros(0, np.uint64), 4).shape == (0, 2)
    assert phash(np.zeros((0, 48, 48), np.uint8)).shape == (0,)
