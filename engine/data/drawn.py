"""The data set ``synthetic``: 12,000 / 2,000 / 3,000 built-in faces, drawn once on every core and then kept on disk.

What is kept lies in the folder that FERLENS_CACHE names, else in ``.cache`` beside the engine; its name holds a digest
of the generator's source, so that a changed generator never serves old pictures.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from engine.data.dataset import FaceDataset
from engine.data.people import DRAWN_ANEW
from engine.errors import DataError, StorageError, UnknownNameError
from engine.labels import EMOTIONS
from engine.places import CODE, cache_folder
from engine.records import UInt8
from engine.synthetic.face import SPLIT_SEEDS, SyntheticFace, draw
from engine.writing.whole import whole_file

SPLIT_COUNTS: Final[dict[str, int]] = {"train": 12_000, "val": 2_000, "test": 3_000}
"""How many faces each split has."""

DATASET_SEED: Final = 20_260
"""The seed of the one fixed data set."""

Progress = Callable[[int, int], None]
"""Called with (pictures drawn, pictures wanted)."""

_LOG = logging.getLogger(__name__)
_WORKERS_MOST = 8


def _check_split(split: str) -> None:
    if split not in SPLIT_COUNTS:
        raise UnknownNameError("split of synthetic", split, SPLIT_COUNTS)


def synthetic_id(split: str, index: int) -> str:
    """Return the id of face ``index`` of ``split``, for example ``test/happy/00003``."""
    return f"{split}/{EMOTIONS[index % len(EMOTIONS)]}/{index:05d}"


def synthetic_face(face_id: str, size: int = 48, channels: int = 1) -> SyntheticFace:
    """Draw the face that ``face_id`` names, with its landmarks, regions and evidence.

    At the size and channels that the data set was loaded with, its picture equals the data set's to the last bit.
    """
    split, _, number = face_id.partition("/")
    number = number.rpartition("/")[2]
    _check_split(split)
    if not number.isdigit() or face_id != synthetic_id(split, int(number)) or int(number) >= SPLIT_COUNTS[split]:
        raise DataError(f"Expected an id like '{synthetic_id(split, 3)}', got '{face_id}'; take one from the data set.")
    return draw(DATASET_SEED, int(number), size, channels, split=split)


def generator_digest() -> str:
    """Return 16 hex digits that change whenever the generator's source does."""
    digest = hashlib.sha256(str(DATASET_SEED).encode())
    for source in sorted((CODE / "engine" / "synthetic").glob("*.py")):
        digest.update(source.name.encode() + source.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def _cache_file(split: str, size: int, channels: int) -> Path:
    return cache_folder() / f"synthetic-{split}-{size}x{channels}-{generator_digest()}.npy"


def is_kept(splits: Sequence[str], size: int = 48, channels: int = 1) -> bool:
    """Say whether :func:`load_synthetic` finds all of these splits on disk, and has none to draw."""
    return all(_cache_file(split, size, channels).is_file() for split in splits)


def _collect(process: subprocess.Popen[bytes], into: UInt8, told: Callable[[int], None]) -> None:
    """Read the pictures that a process draws ``into`` their places; ``told`` hears how many are."""
    if process.stdout is None or process.stderr is None:  # both were asked for as pipes
        raise DataError("Expected a drawing process with pipes, got one without; run again.")
    for index, picture in enumerate(into):
        pixels = process.stdout.read(picture.nbytes)
        if len(pixels) != picture.nbytes:
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise DataError(
                f"Expected {len(into)} faces from a drawing process, got {index}; "
                f"it ended with: {said[-1] if said else 'no message'}."
            )
        picture[...] = np.frombuffer(pixels, np.uint8).reshape(picture.shape)
        told(index + 1)


def draw_range(
    split: str, start: int, stop: int, size: int, channels: int, *, workers: int, progress: Progress | None = None
) -> UInt8:
    """Draw faces ``start`` to ``stop`` - 1 of ``split`` in ``workers`` processes: uint8 (N, S, S) or (N, S, S, 3)."""
    shape = (size, size) if channels == 1 else (size, size, channels)
    images = np.empty((stop - start, *shape), np.uint8)
    bounds = np.linspace(start, stop, workers + 1).astype(int).tolist()
    environment = {**os.environ, "PYTHONPATH": str(CODE), "OMP_NUM_THREADS": "1"}
    running: list[subprocess.Popen[bytes]] = []
    done = [0] * workers

    def collect(number: int) -> None:
        def count(drawn: int) -> None:
            done[number] = drawn
            if progress is not None and number == 0:
                progress(sum(done), stop - start)

        _collect(running[number], images[bounds[number] - start : bounds[number + 1] - start], count)

    try:
        for first, last in pairwise(bounds):
            words = [str(word) for word in (DATASET_SEED, split, first, last, size, channels)]
            running.append(
                subprocess.Popen(  # noqa: S603 - our own module, run by our own interpreter
                    [sys.executable, "-m", "engine.synthetic.worker", *words],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=environment,
                )
            )
        with ThreadPoolExecutor(workers) as pool:
            try:
                list(pool.map(collect, range(workers)))
            except BaseException:
                for process in running:  # else the pool waits until the others have drawn theirs
                    process.kill()
                raise
    finally:
        for process in running:
            process.kill()
            process.communicate()
    if progress is not None:
        progress(stop - start, stop - start)
    return images


def _kept(file: Path, shape: tuple[int, ...]) -> UInt8 | None:
    """Return the pictures that ``file`` keeps, or None where there is no such file or it is not whole."""
    try:
        images = np.load(file, allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError):
        _LOG.warning("%s is not a whole file of pictures; drawing them again.", file.name)
        return None
    return images if images.shape == shape and images.dtype == np.uint8 else None


def _keep(file: Path, images: UInt8) -> None:
    """Write ``images`` so that another process sees all of it or nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as part:
            np.save(part, images)
    except (OSError, StorageError) as problem:
        cause = problem if isinstance(problem, OSError) else problem.__cause__
        reason = getattr(cause, "strerror", None) or "the disk is full"
        _LOG.warning("The faces could not be kept (%s); they will be drawn again next time.", reason)


def load_synthetic(
    split: str, size: int = 48, channels: int = 1, *, workers: int | None = None, progress: Progress | None = None
) -> FaceDataset:
    """Return a split of the built-in faces, from disk if they were drawn before.

    Args:
        split: ``train`` (12,000), ``val`` (2,000) or ``test`` (3,000).
        size: side in pixels, 48 to 256.
        channels: 1 for grey, 3 for RGB.
        workers: processes to draw with; None for one a core, eight at most.
        progress: called with (drawn, wanted) while drawing; what it raises ends that.

    Raises:
        UnknownNameError: for an unknown split. UsageError: for an impossible size or number of channels.
    """
    _check_split(split)
    draw(
        DATASET_SEED, 0, size, channels, split=split
    )  # says what is wrong with size or channels before processes start
    count = SPLIT_COUNTS[split]
    shape = (count, size, size) if channels == 1 else (count, size, size, channels)
    file = _cache_file(split, size, channels)
    images = _kept(file, shape)
    if images is None:
        _LOG.info("Drawing %s built-in faces (%s) once; they are kept for the next time.", f"{count:,}", split)
        share = workers if workers is not None else min(os.cpu_count() or 1, _WORKERS_MOST)
        images = draw_range(split, 0, count, size, channels, workers=max(1, share), progress=progress)
        _keep(file, images)
    first_seen: dict[bytes, int] = {}
    groups = [first_seen.setdefault(image.tobytes(), index) for index, image in enumerate(images)]
    return FaceDataset(
        name="synthetic",
        split=split,
        classes=EMOTIONS,
        images=images,
        labels=np.arange(count, dtype=np.int64) % len(EMOTIONS),
        ids=tuple(synthetic_id(split, index) for index in range(count)),
        duplicate_group=np.array(groups, np.int64),
        # Splits are drawn from streams of their own, so no copy of a training face is in another split.
        in_train=None if split == "train" else np.zeros(count, np.bool_),
        people=DRAWN_ANEW,
    )


if set(SPLIT_COUNTS) != set(SPLIT_SEEDS):
    raise RuntimeError(f"expected a seed for each of {sorted(SPLIT_COUNTS)}, got {sorted(SPLIT_SEEDS)}")
