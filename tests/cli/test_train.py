from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.main import build_parser, main
from engine.cli.train import _with_options
from engine.models.checkpoint import read_card
from engine.training.recipe import change, load_recipe
from tests.made import ROOT

RECIPE = """
[optimiser]
learning_rate = 0.02
batch_size = 8
[schedule]
epochs = 2
warmup_epochs = 0.5
[regularisation]
mixup = 0.2
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patterns: Path) -> Iterator[Path]:
    """A working folder with recipe ``own.toml``; the signal handlers that training sets are put back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERLENS_DATA", str(patterns))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "checkpoints"))
    (tmp_path / "own.toml").write_text(RECIPE)
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)


def train(*words: str) -> int:
    return main(["train", "--recipe", "own.toml", "--device", "cpu", "--limit", "24", *words])


@pytest.mark.usefixtures("narrow")
def test_train_reports_one_document(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["model"] == "own"
    assert (document["finished"], document["epochs_done"]) == (True, 2)
    assert 0 <= document["best_val_accuracy"] <= 1
    assert "own: finished; 2 epochs" in printed.err
    assert read_card(place / "checkpoints" / "own").recipe["name"] == "own"


@pytest.mark.usefixtures("narrow")
def test_options_go_before_the_recipe(place: Path) -> None:
    words = ["--epochs", "1", "--batch-size", "6", "--learning-rate", "0.03", "--seed", "5", "--out", "made/other"]
    assert train(*words) == 0
    recipe = read_card(place / "made" / "other").recipe
    assert recipe["seed"] == 5
    assert (recipe["schedule"]["epochs"], recipe["schedule"]["warmup_epochs"]) == (1, 0.5)
    assert (recipe["optimiser"]["batch_size"], recipe["optimiser"]["learning_rate"]) == (6, 0.03)


@pytest.mark.usefixtures("narrow")
def test_minutes_stop_resumably(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--minutes", "0", "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["finished"], document["epochs_done"], document["best_val_accuracy"]) == (False, 0, None)
    assert "stopped, continue with --resume" in printed.err
    assert "nan" not in printed.err
    assert not (place / "checkpoints").exists()
    assert train() == 2
    assert "error: An unfinished run 'own' exists" in capsys.readouterr().err
    assert train("--resume", "--epochs", "1") == 1
    assert "another recipe" in capsys.readouterr().err
    assert train("--resume") == 0
    assert train("--resume") == 1
    assert "error: Checkpoint 'own' exists already" in capsys.readouterr().err


@pytest.mark.usefixtures("narrow")
def test_the_first_interrupt_ends_the_run_after_its_step(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.cli.train._Bar.__call__", lambda _bar, _report: os.kill(os.getpid(), signal.SIGINT))
    assert train() == 0
    assert (place / "runs" / "own" / "state.safetensors").exists()
    assert not (place / "checkpoints").exists()
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--recipe", "none"], 2, "error: Unknown recipe 'none'; valid: "),
        (["--epochs", "0"], 2, "epochs must be 1 or more, got 0"),
        (["--batch-size", "1"], 2, "batch_size must be 2 or more"),
        (["--batch-size", "999"], 2, "fewer than one batch of 999"),
        (["--device", "abacus"], 2, "Device 'abacus' is not on this machine"),
        (["--dataset", "faces"], 2, "Unknown dataset 'faces'"),
        (["--data", "nowhere"], 1, "Expected fer2013 at 'nowhere'"),
        (["--start-from", "nothing"], 2, "Unknown model 'nothing'"),
    ],
)
@pytest.mark.usefixtures("narrow")
def test_wrong_use_is_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, says: str
) -> None:
    assert train(*words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert str(place) not in printed.err
    assert not (place / "checkpoints").exists()


def test_a_recipe_with_a_mistake_names_its_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "own.toml").write_text("[schedule]\nepoch = 3\n")
    assert train() == 2
    assert capsys.readouterr().err.startswith(
        "error: Recipe 'own', line 2: unknown entry 'epoch' in [schedule]; valid: "
    )


def test_a_killed_run_resumes_to_the_same_weights(place: Path, patterns: Path) -> None:
    """kill -9 of a real process, which can tidy up nothing."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FERLENS_DATA": str(patterns)}
    command = [
        *(sys.executable, "-m", "engine", "train", "--recipe", "own.toml", "--device", "cpu", "--limit", "24"),
        *("--epochs", "3", "--out", "killed"),
    ]
    with subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.DEVNULL) as process:
        state = place / "runs" / "killed" / "state.safetensors"
        deadline = time.monotonic() + 120
        while not state.exists():
            assert process.poll() is None, "it ended before its first epoch did"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert not (place / "killed").exists()
    subprocess.run([*command, "--resume"], cwd=place, env=environment, check=True, stderr=subprocess.DEVNULL)
    assert train("--epochs", "3", "--out", "whole") == 0
    killed, whole = read_card(place / "killed"), read_card(place / "whole")
    assert killed.weights_sha256 == whole.weights_sha256
    assert (place / "killed" / "history.csv").read_bytes() == (place / "whole" / "history.csv").read_bytes()


def test_a_recipe_without_its_start_says_how_to_make_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "own.toml").write_text(f'[model]\nstart_from = "runs/first/cbam"\n{RECIPE}')
    assert train("--out", "my/own") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "python -m engine train --recipe cbam --out runs/first/cbam" in line
    assert not (place / "my").exists()


@pytest.mark.usefixtures("narrow")
def test_a_recipe_can_start_afresh(place: Path) -> None:
    (place / "own.toml").write_text(f'[model]\nstart_from = "runs/first/cbam"\n{RECIPE}')
    assert train("--start-from", "none", "--epochs", "1", "--out", "my/own") == 0
    assert read_card(place / "my" / "own").recipe["start"] == {}


@pytest.mark.usefixtures("place")
def test_pretrained_is_for_what_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--pretrained") == 2
    assert (
        capsys.readouterr().err
        == "error: --pretrained is for cmaen, lite0, lite0-cbam; 'baseline' has no ImageNet weights.\n"
    )
    arguments = build_parser("train").parse_args(["train", "--recipe", "cmaen", "--pretrained"])
    plain = change(load_recipe("cmaen"), "model", config={"ecnn_size": 48})
    assert _with_options(plain, arguments).model.config == {"ecnn_size": 48, "pretrained": True}


def test_help_explains_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = capsys.readouterr().out
    for word in ("cosine-restarts", "accumulate", "[distillation]", "teachers", "focal_weight", "--pretrained"):
        assert word in printed


def test_two_processes_make_one_checkpoint(place: Path) -> None:
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = ["train", "--recipe", "own.toml", "--device", "cpu", "--limit", "24", "--epochs", "1", "--json"]
    done = subprocess.run(
        [*run, "-m", "engine", *words, "--sync-batchnorm"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"] is True  # the first process alone reports
    recipe = read_card(place / "checkpoints" / "own").recipe
    assert (recipe["processes"], recipe["synced_batchnorm"]) == (2, True)
    assert sorted(path.name for path in (place / "checkpoints").iterdir()) == ["own"]


@pytest.mark.usefixtures("narrow")
def test_two_datasets(place: Path, patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(patterns), "--data", str(patterns), "--epochs", "1", "--out", "checkpoints/two"]
    assert train(*words, "--dataset", "fer2013", "--dataset", "folder", "--weights", "1", "3") == 0
    card = read_card(place / "checkpoints" / "two")
    assert [(one["dataset"], one["weight"]) for one in card.data["datasets"]] == [("fer2013", 1.0), ("folder", 3.0)]
    assert card.recipe["data"]["weights"] == [1.0, 3.0]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--dataset", "fer2013", "--dataset", "folder"], "error: Expected a --data for each --dataset, got 2 and 0"),
        (["--weights", "1", "2"], "error: Expected one sampling weight for each dataset, got 2 for 1"),
        (["--weights", "0"], "error: Recipe 'own': [data] weights must be a list of numbers more than 0, got (0.0,)"),
    ],
)
@pytest.mark.usefixtures("narrow")
def test_datasets_and_weights_that_do_not_fit(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert train(*words) == 2
    assert capsys.readouterr().err.startswith(line)


@pytest.mark.usefixtures("narrow")
def test_val_from_elsewhere(place: Path, patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    even = place / "even"
    assert main(["balance", "--data", str(patterns), "--out", str(even), "--method", "random"]) == 0
    words = ["--data", str(even), "--epochs", "1", "--out", "checkpoints/even"]
    assert train(*words) == 1
    assert "'even' holds balanced training pictures only" in capsys.readouterr().err
    assert train(*words, "--val-data", str(patterns)) == 0
    capsys.readouterr()
