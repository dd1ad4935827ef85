from __future__ import annotations

import json
import tarfile
from pathlib import Path

from benchmarks.pack import main, pack, wanted


def made(out: Path) -> Path:
    runs = [("a-0", "a", 0.6, False), ("a-1", "a", 0.7, False), ("b-0", "b", 0.5, False), ("b-1", "b", 0.9, True)]
    for name, _, _, unfinished in runs:
        place = out / "unfinished" / name if unfinished else out / name
        place.mkdir(parents=True)
        (place / "weights.safetensors").write_bytes(bytes(30_000))
        (place / "history.csv").write_text("epoch\n1\n")
    (out / "runs" / "b-1").mkdir(parents=True)
    (out / "runs" / "b-1" / "state.safetensors").write_bytes(bytes(10))
    entries = [{"name": n, "recipe": r, "best_val_accuracy": a} for n, r, a, _ in runs]
    entries.append({"name": "c-0", "recipe": "c", "best_val_accuracy": None})
    (out / "plan.json").write_text(json.dumps({"runs": entries}))
    return out


def test_the_order_is_figures_then_the_best_of_each_recipe(tmp_path: Path) -> None:
    names = [path.relative_to(tmp_path).as_posix() for path in wanted(made(tmp_path))]
    assert names == [
        "a-0/history.csv",
        "a-1/history.csv",
        "b-0/history.csv",
        "plan.json",
        "unfinished/b-1/history.csv",
        "a-1/weights.safetensors",
        "unfinished/b-1/weights.safetensors",
        "a-0/weights.safetensors",
        "b-0/weights.safetensors",
    ]


def test_archives_keep_to_their_bounds_and_what_is_left_is_named(tmp_path: Path) -> None:
    out = made(tmp_path / "out")
    left = pack(out, tmp_path / "packed", files=2, megabytes=0.06)
    archives = sorted((tmp_path / "packed").iterdir())
    assert [path.name for path in archives] == ["0.tar", "1.tar"]
    assert all(path.stat().st_size <= 60_000 for path in archives)
    inside = []
    for path in archives:
        with tarfile.open(path) as archive:
            inside += archive.getnames()
    assert set(inside) | {path.relative_to(out).as_posix() for path in left} == {
        path.relative_to(out).as_posix() for path in wanted(out)
    }
    assert "a-1/weights.safetensors" in inside
    assert [path.parent.name for path in left] == ["a-0", "b-0"]


def test_the_command_packs_all_that_fits(tmp_path: Path) -> None:
    assert main([str(made(tmp_path / "out")), str(tmp_path / "packed")]) == 0
    assert [path.name for path in (tmp_path / "packed").iterdir()] == ["0.tar"]
