from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from benchmarks import accelerator
from benchmarks.accelerator import Job, Outcome, main, plan, run_job, summary
from engine.models.checkpoint import load_checkpoint
from engine.models.lite0 import Lite0Features
from engine.models.lite0_weights import ELSEWHERE
from engine.training.recipe import change, load_recipe
from tests.made import write_patterns
from tests.models.test_lite0 import lite_pytorch_names

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is to these tests what the ImageNet weights are to the plan."""
    torch.manual_seed(0)
    file = tmp_path / "lite0.pth"
    torch.save(lite_pytorch_names(Lite0Features(3)), file)
    monkeypatch.setenv(ELSEWHERE, str(file))
    monkeypatch.chdir(tmp_path)  # a run changes its process's folder
    return file


@pytest.mark.parametrize("tiny", [False, True])
def test_every_run_of_the_plan_is_a_recipe_that_can_be(tiny: bool) -> None:
    jobs = plan(tiny=tiny)
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        recipe = load_recipe(job.recipe)
        for section, values in job.changes.items():
            recipe = change(recipe, section, **values)


def test_the_order_is_the_plans() -> None:
    recipes = [job.recipe for job in plan()]
    assert sorted(recipes[:15]) == ["baseline"] * 5 + ["cbam"] * 5 + ["spatial"] * 5
    assert recipes[15] == "cmaen"
    assert sorted(recipes[16:]) == ["lite0"] * 5 + ["lite0-cbam"] * 5
    assert {job.seed for job in plan() if job.recipe == "lite0"} == set(range(5))
    # The shipped recipes of the small nets are not changed, else their seeds would say nothing about what ships.
    assert all(job.changes == {} for job in plan() if job.recipe in accelerator.TOGETHER)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_patterns(folder)
    return folder


def test_every_kind_of_run_goes_through_and_leaves_its_weights_and_answers(tmp_path: Path, pictures: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    seen = set()
    for job in plan(tiny=True):
        if job.recipe in seen:
            continue
        seen.add(job.recipe)
        outcome = run_job(job, data=str(pictures), out=str(out), device="cpu", deadline=time.time() + 600, limit=16)
        assert outcome.error == ""
        assert (outcome.state, outcome.epochs) == ("finished", 1)
        loaded = load_checkpoint(out / job.name)
        assert loaded.card.recipe["seed"] == job.seed
        assert {value.dtype for value in load_file(out / job.name / "weights.safetensors").values()} >= {torch.float16}
        assert (out / job.name / "history.csv").is_file()
        answers = np.load(out / "answers" / f"{job.name}.npz")
        for split in ("val", "public", "private"):
            assert answers[split].shape == (len(answers[f"{split}_labels"]), 7)
            np.testing.assert_allclose(answers[split].astype(float).sum(1), 1, atol=1e-2)
        if job.recipe not in accelerator.TOGETHER:
            assert loaded.card.recipe["imagenet_start"] is True
    assert seen == {job.recipe for job in plan()}


def test_what_time_ends_is_kept_and_what_fails_is_said(tmp_path: Path, pictures: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    job = plan(tiny=True)[0]
    late = run_job(job, data=str(pictures), out=str(out), device="cpu", deadline=time.time() - 1, limit=16)
    assert (late.state, late.epochs, late.best_val_accuracy) == ("stopped", 0, None)
    assert not (out / job.name).exists()
    accelerator.keep_unfinished(Path("runs") / job.name, out / "unfinished" / job.name)
    assert not (out / "unfinished").exists()  # no epoch was finished, so there is nothing to keep
    lost = Job("lost", "baseline", 0, {"optimiser": {"batch_size": 8}})
    failed = run_job(lost, data=str(tmp_path / "nowhere"), out=str(out), device="cpu", deadline=time.time(), limit=16)
    assert failed.state == "failed"
    assert failed.error


def test_the_best_epoch_of_an_unfinished_run_is_kept(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = tmp_path / "run"
    folder.mkdir()
    save_file({"a": torch.full((2, 2), 1.5), "b": torch.ones(3), "n": torch.tensor(4)}, folder / "best.safetensors")
    (folder / "history.csv").write_text("epoch\n1\n")
    accelerator.keep_unfinished(folder, tmp_path / "kept")
    kept = load_file(tmp_path / "kept" / "weights.safetensors")
    assert {name: value.dtype for name, value in kept.items()} == {
        "a": torch.float16,
        "b": torch.float32,
        "n": torch.int64,
    }
    assert (tmp_path / "kept" / "history.csv").read_text() == "epoch\n1\n"


def test_the_summary_has_every_run_and_the_spread_of_finished_seeds() -> None:
    jobs = [Job("a-0", "a", 0, {}), Job("a-1", "a", 1, {}), Job("a-2", "a", 2, {}), Job("b-0", "b", 0, {})]
    outcomes = [
        Outcome("a-1", "a", 1, "finished", 2, 2, 0.6),
        Outcome("a-0", "a", 0, "finished", 2, 1, 0.7),
        Outcome("a-2", "a", 2, "stopped", 1, 1, 0.1),
    ]
    document = summary(jobs, outcomes)
    assert [(run["name"], run["state"]) for run in document["runs"]] == [
        ("a-0", "finished"),
        ("a-1", "finished"),
        ("a-2", "stopped"),
        ("b-0", "not started"),
    ]
    spread = document["val_accuracy"]
    assert set(spread) == {"a"}
    assert spread["a"]["seeds"] == 2
    assert spread["a"]["mean"] == pytest.approx(0.65)
    assert spread["a"]["standard_deviation"] == pytest.approx(0.05 * 2**0.5)


def test_the_command_carries_the_plan_out_in_processes(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = plan(tiny=True)[:1]
    monkeypatch.setattr(accelerator, "plan", lambda **_: first)
    # A page that was tested before in this process stands there, and the new processes would run it.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    options = ["--data", str(pictures), "--out", str(tmp_path / "out"), "--device", "cpu", "--tiny", "--together", "1"]
    assert main([*options, "--minutes", "10"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(run["name"], run["state"]) for run in document["runs"]] == [("baseline-0", "finished")]
    assert json.loads((tmp_path / "out" / "plan.json").read_text()) == document
    assert (tmp_path / "out" / "baseline-0" / "card.json").is_file()
