"""What ``predict`` over a folder costs beside its floor: the same decoding and batched passes, and nothing else.

``python -m benchmarks.folders`` writes built-in faces as PNG files into a folder of its own and takes them whole. The
floor is decoding them all in one thread, then classifying them in batches of 64; both are timed in turns in one
process. Memory is what the process holds at the end of a run over few files and over all. One JSON document; on a
machine that does other work its figures say nothing, so the load is printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from engine.benchmarks.endurance import resident_mib
from engine.data.registry import load_dataset
from engine.errors import UsageError
from engine.media.pictures import open_picture, pictures_in
from engine.models.checkpoint import DEFAULT_MODEL
from engine.predictor import EmotionPredictor

BAR = 0.85
"""Of the floor's pictures a second."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folders", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, default=2_000, help="pictures (default: %(default)s)")
    parser.add_argument("--few", type=int, default=200, help="whose memory is compared (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind (default: %(default)s)")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint (default: %(default)s)")
    threads = torch.get_num_threads()
    parser.add_argument("--threads", type=int, default=threads, help="of PyTorch (default: %(default)s)")
    given = parser.parse_args(arguments)
    if not 1 <= given.few <= given.files or given.rounds < 1:
        raise UsageError("Expected 1 or more --rounds and --few from 1 to --files; give others.")
    return given


def write_faces(folder: Path, count: int) -> None:
    """Write ``count`` built-in faces, over and over where there are fewer."""
    faces = load_dataset("synthetic", "test").images
    for number in range(count):
        Image.fromarray(faces[number % len(faces)]).save(folder / f"{number:06d}.png")


def measured(predictor: EmotionPredictor, folder: Path, rounds: int, few: int) -> dict[str, Any]:
    """Return the figures of one folder."""
    files, _ = pictures_in(folder)

    def floor() -> None:
        predictor.predict_faces([open_picture(file).pixels for file in files])

    def stream(some: int | None = None) -> None:
        for _ in predictor.predict_stream(files[:some], whole=True):
            pass

    held = []
    for some in (few, None):  # before the floor, which holds all pictures
        stream(some)
        held.append(resident_mib())
    floor()
    seconds: dict[str, list[float]] = {"floor": [], "stream": []}
    for _ in range(rounds):
        for name, step in (("floor", floor), ("stream", stream)):
            began = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - began)
    rates = {name: len(files) / statistics.median(times) for name, times in seconds.items()}
    began = time.perf_counter()
    next(iter(predictor.predict_stream(files, whole=True)))
    return {
        "files": len(files),
        "floor_per_second": round(rates["floor"], 1),
        "stream_per_second": round(rates["stream"], 1),
        "of_the_floor": round(rates["stream"] / rates["floor"], 3),
        "spread_seconds": {name: [round(min(times), 3), round(max(times), 3)] for name, times in seconds.items()},
        "first_result_ms": round(1e3 * (time.perf_counter() - began), 1),
        "mib_after_few": round(held[0], 1),
        "mib_after_all": round(held[1], 1),
        "within_the_bar": rates["stream"] >= BAR * rates["floor"],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; status 1 where the bar is missed."""
    given = parse(arguments)
    torch.set_num_threads(given.threads)
    before = os.getloadavg()[0]
    predictor = EmotionPredictor(given.model)
    with tempfile.TemporaryDirectory(prefix="ferlens-folders-") as folder:
        write_faces(Path(folder), given.files)
        found = measured(predictor, Path(folder), given.rounds, given.few)
    document = {
        **found,
        "model": predictor.card.name,
        "bar": BAR,
        "threads": given.threads,
        "load_before": round(before, 1),
        "cpus": os.cpu_count(),
        "torch": torch.__version__,
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return 0 if found["within_the_bar"] else 1


if __name__ == "__main__":
    sys.exit(main())
