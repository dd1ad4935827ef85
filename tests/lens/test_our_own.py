"""Our shipped ``cbam``, written again without taps and imported as any outside network, is the same model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cli.main import main
from engine.data.registry import load_dataset
from engine.measure.split import predict_dataset
from engine.models.checkpoint import LoadedModel, load_checkpoint, read_card
from engine.models.taps import record_attention
from engine.statistics.classification import classification_report
from tests.made import SHIPPED

SAID = read_card(SHIPPED / "cbam")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """What ``ferlens import`` makes of the file and the shipped weights."""
    shelf: Path = tmp_path_factory.mktemp("shelf")
    net = Path(__file__).with_name("plain_cbam.py")
    words = ["import", f"{net}:Net", "--weights", str(SHIPPED / "cbam" / "weights.safetensors"), "--trust-code"]
    words += ["--classes", ",".join(SAID.classes), "--input", "48x48x1", "--mean", ".5", "--std", ".25"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERLENS_CHECKPOINTS", str(shelf))
        assert main([*words, "--name", "plain"]) == 0
        return load_checkpoint("plain")


def test_its_gates_and_answers_are_those_of_the_taps(imported: LoadedModel) -> None:
    ours = load_checkpoint("cbam", folder=SHIPPED).model
    x = torch.randn(4, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), record_attention() as wanted:
        answer = ours(x)
    with torch.no_grad(), record_attention() as found:
        torch.testing.assert_close(imported.model(x), answer, rtol=1e-5, atol=1e-5)
    assert [(gate.layer, gate.kind) for gate in found] == [
        (f"block{number}.attention.{kind}", kind) for number in range(1, 5) for kind in ("channel", "spatial")
    ]
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one.weights, other.weights, rtol=0, atol=1e-6)


@pytest.mark.fer2013
def test_it_is_right_of_the_same_pictures(imported: LoadedModel, fer2013: Path) -> None:
    private = load_dataset("fer2013", "private", data=fer2013, size=48, channels=1)
    probabilities = predict_dataset(imported.model, imported.card.input, private)
    predicted = probabilities.argmax(1).astype(np.int64)
    found = classification_report(private.labels, predicted, private.classes)
    said = SAID.metrics["fer2013/private/single"]
    assert found.n == said["n"] == 3_589
    assert round(found.accuracy, 5) == said["accuracy"]
    assert found.confusion.tolist() == said["confusion"]
