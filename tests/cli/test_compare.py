from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.models.checkpoint import load_checkpoint, read_card, update_card, write_checkpoint
from tests.made import write_seeded


def compare(*words: object) -> int:
    return main(["compare", *map(str, words)])


@pytest.fixture
def store(checkpoints: Path, narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Narrow untrained models: ``one``, ``two`` of another seed, ``turned`` that knows other classes."""
    place = tmp_path / "store"
    write_seeded(place / "one", "cbam")
    write_seeded(place / "two", "cbam", seed=1)
    loaded = load_checkpoint("one", folder=place)
    card = asdict(loaded.card)
    write_checkpoint(
        place / "turned",
        loaded.model,
        {
            **{key: card[key] for key in ("architecture", "config", "recipe", "data", "metrics")},
            "input": loaded.card.input,
            "classes": (*loaded.card.classes[:6], "contempt"),
        },
    )
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(place))
    return place


@pytest.mark.usefixtures("store")
def test_the_document(patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", patterns, "--dataset", "fer2013", "--split", "test", "--json"]
    assert compare("--models", "one", "two", *words) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["models"], document["n"], document["split"]) == (["one", "two"], 28, "test")
    assert document["training_seeds"] == [0, 1]
    assert document["training_differs_in"] == []
    figures = {}
    for name in ("one", "two"):
        assert main(["evaluate", "--model", name, *map(str, words)]) == 0
        figures[name] = json.loads(capsys.readouterr().out)
    for key in ("accuracy", "macro_f1"):
        assert document[key]["first"] == figures["one"][key]
        assert document[key]["second"] == figures["two"][key]
        assert document[key]["low"] <= document[key]["difference"] <= document[key]["high"]
    assert document["per_class"]["sad"]["f1"]["second"] == figures["two"]["per_class"]["sad"]["f1"]
    groups = document["groups"]
    assert sum(groups.values()) == 28
    assert groups["only the second right"] - groups["only the first right"] == round(
        28 * document["accuracy"]["difference"]
    )
    assert "one training seed each" in document["verdict"]


@pytest.mark.usefixtures("store")
def test_in_words(patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare("--models", "one", "one", "--data", patterns, "--split", "public") == 0
    printed = capsys.readouterr()
    assert printed.out == (
        "one against one on fer2013 public: No difference detectable: 95 % interval 0.0 to 0.0 points "
        "(n = 14, one training seed each).\n"
    )
    assert "McNemar" in printed.err
    assert "recall happy" in printed.err


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("models", "status", "line"),
    [
        (["one", "turned"], 2, "error: Expected two models of the same classes, but 'one' knows angry, "),
        (["turned", "turned"], 1, "error: 'turned' knows angry, "),
        (["one", "vgg"], 2, "error: Unknown model 'vgg'; valid: one, turned, two."),
    ],
)
def test_wrong_use(
    patterns: Path, capsys: pytest.CaptureFixture[str], models: list[str], status: int, line: str
) -> None:
    assert compare("--models", *models, "--data", patterns, "--split", "public", "--json") == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1


def test_a_seed_below_zero(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare("--models", "cbam", "baseline", "--seed", "-1") == 2
    assert capsys.readouterr().err.startswith("error: Expected a seed of 0 or more")


def test_models_that_were_not_trained_alike_are_said_to_be(
    store: Path, patterns: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, epochs in (("one", 40), ("two", 5)):
        update_card(store / name, replace(read_card(store / name), recipe={"schedule": {"epochs": epochs}}))
    assert compare("--models", "one", "two", "--data", patterns, "--split", "test") == 0
    assert "They were not trained alike (schedule)" in capsys.readouterr().out
