"""Whether many sessions at once get what each would get alone, and whether a server's memory grows: one JSON document.

``python -m benchmarks.sessions`` has 64 threads explain at the same time and compares every number with one at a time;
then it explains 2,000 pictures and takes 500 uploads as the live page's API does, and compares the memory held with
what was held after the first tenth of both. The models are untrained and seeded: what is compared is the same.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, Final

from dashboard.live.endpoints import Endpoints
from dashboard.live.gate import Gate
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.uploads import Upload, Uploads
from engine.benchmarks.endurance import resident_mib
from engine.errors import UsageError
from tests.dashboard.made import SAMPLES, write_seeded
from tests.dashboard.made_asgi import Behind, ask

MODELS: Final = ("cbam", "baseline", "spatial")
TARGETS: Final = ("happy", "sad", "predicted", "happy-sad")
FORM: Final = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sessions", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sessions", type=int, default=64, help="at once (default: %(default)s)")
    parser.add_argument("--explanations", type=int, default=2_000, help="default: %(default)s")
    parser.add_argument("--uploads", type=int, default=500, help="default: %(default)s")
    given = parser.parse_args(arguments)
    if min(given.sessions, given.explanations, given.uploads) < 10:
        raise UsageError("Expected 10 sessions, explanations and uploads at least; ask for more.")
    return given


def without_time(answer: Any) -> Any:
    """Return a document without how long it took, which is all that may differ."""
    if isinstance(answer, dict):
        return {key: without_time(value) for key, value in answer.items() if "seconds" not in key}
    return [without_time(value) for value in answer] if isinstance(answer, list) else answer


def explain(api: Endpoints, uploads: Uploads, token: str, number: int) -> str:
    """Explain a picture as session ``number`` does, with a model and a target of its own; return every number."""
    place = uploads.place(token)
    if place is None:
        raise UsageError("Expected an upload that is still there; the machine is too slow for this many sessions.")
    model, target = MODELS[number % len(MODELS)], TARGETS[number % len(TARGETS)]
    answer = api.explain(Upload(place, "a.jpg"), model, "", target, 0.0, number % 2 == 0, str(number))
    return json.dumps(without_time(answer))


def at_once(api: Endpoints, uploads: Uploads, token: str, sessions: int) -> int:
    """Return how many of ``sessions``, all at the same time, get another answer than one at a time."""
    alone = [explain(api, uploads, token, number) for number in range(sessions)]
    together = Barrier(sessions)

    def one(number: int) -> str:
        together.wait()
        return explain(api, uploads, token, number)

    with ThreadPoolExecutor(sessions) as pool:
        found = list(pool.map(one, range(sessions)))
    return sum(mine != other for mine, other in zip(found, alone, strict=True))


def growth(api: Endpoints, gate: Gate, uploads: Uploads, explanations: int, taken: int) -> dict[str, Any]:
    """Return the memory held in MiB after the first tenth of the work and after all of it."""
    data = (SAMPLES / "astronaut.jpg").read_bytes()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    body = FORM + data + b"\r\n--b--\r\n"
    tenth = 0.0
    for number in range(explanations):
        if number % max(1, explanations // taken) == 0:
            said = ask(gate, "/gradio_api/upload", method="POST", headers=headers, body=body)
            if said.status != 200:
                raise UsageError(f"Expected an upload to be taken, got: {said.body.decode()}")
            (token,) = json.loads(said.body)
        explain(api, uploads, token, number)
        if number == explanations // 10:
            gc.collect()
            tenth = resident_mib()
    gc.collect()
    last = resident_mib()
    return {
        "after a tenth, MiB": round(tenth, 1),
        "at the end, MiB": round(last, 1),
        "growth": round(last / tenth - 1, 4),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    given = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="ferlens-sessions-") as folder:
        for number, model in enumerate(MODELS):
            write_seeded(Path(folder) / "models", model, number)
        os.environ["FERLENS_CHECKPOINTS"] = str(Path(folder) / "models")
        limits = Limits(uploads_per_minute=100_000, requests_per_minute=100_000, folder_megabytes=1_000)
        uploads = Uploads(Path(folder), 10**9)
        api = Endpoints(LiveModels(), limits, MODELS[0])
        gate = Gate(Behind(), uploads, limits)
        token = uploads.keep((SAMPLES / "two-faces.jpg").read_bytes())
        differ = at_once(api, uploads, token, given.sessions)
        memory = growth(api, gate, uploads, given.explanations, given.uploads)
        uploads.close()
    done = {"sessions": given.sessions, "explanations": given.explanations, "uploads": given.uploads}
    sys.stdout.write(json.dumps({**done, "answers that differ": differ, "memory": memory}, indent=1) + "\n")
    return int(differ > 0 or memory["growth"] > 0.05)


if __name__ == "__main__":
    sys.exit(main())
