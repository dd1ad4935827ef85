"""A network in hand: opened in one call, asked, explained, corrected, saved; it draws itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import ferlens
from engine.errors import NetworkError, UsageError
from engine.lens.input import Input, read_figures, read_size
from engine.lens.lens import Lens
from engine.models.checkpoint import load_checkpoint
from tests.models.adopted.made_nets import CLASSES, made

GIVEN = Input((32, 48), 1, mean=0.5, std=0.25, fit="crop")
PICTURE = np.random.default_rng(0).integers(0, 255, (40, 80, 3), dtype=np.uint8)


def opened(design: str = "hand-written CBAM") -> Lens:
    lens: Lens = ferlens.open(made(design), classes=CLASSES, input=GIVEN, domain="pictures", name="mine")
    return lens


def test_three_lines_to_the_first_picture() -> None:
    net = made("hand-written CBAM")
    lens = ferlens.open(net, classes=CLASSES, input=ferlens.Input((32, 48), 1, mean=0.5, std=0.25), domain="pictures")
    explained = lens.explain(PICTURE)
    assert [(gate.name, gate.kind) for gate in lens.gates] == [
        ("gates.0.channel", "channel"),
        ("gates.1.spatial", "spatial"),
    ]
    assert lens.layers == ("gates",)
    assert [gate.layer for gate in explained.gates] == [gate.name for gate in lens.gates]
    for gate, wanted in zip(explained.gates, net.kept, strict=True):
        np.testing.assert_allclose(gate.weights, wanted[0].detach().numpy().squeeze(), atol=1e-6)
    assert explained.maps[0].layer == "gates"
    assert lens.predict(PICTURE).faces[0].prediction.label == explained.prediction.label
    assert not any(module._forward_hooks for module in net.modules())


def test_it_draws_itself() -> None:
    lens = opened()
    shown = lens.explain(PICTURE, method=("gradcam", "layercam"))
    with Image.open(io.BytesIO(shown._repr_png_())) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 4 * 190  # the picture, two maps, two gates
        drawn = np.asarray(sheet)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 50
    assert "gates.1.spatial: spatial gate of 16 x 24, by sigmoid" in lens._repr_html_()
    assert "3 classes, 32 x 48 x 1" in repr(lens)
    assert "Grad-CAM, LayerCAM" in str(shown)


def test_what_is_shown_is_escaped() -> None:
    lens: Lens = ferlens.open(made("hand-written CBAM"), classes=CLASSES, input=GIVEN, name="<b>&")
    assert "<b>&lt;b&gt;&amp;: 3 classes" in lens._repr_html_()


def test_it_is_saved_and_needs_its_code_no_more(tmp_path: Path) -> None:
    lens = opened()
    card = lens.save(tmp_path / "kept")
    assert (card.name, card.origin) == ("kept", {"source": "HandCBAM"})
    x = torch.randn(2, 1, 32, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(load_checkpoint(tmp_path / "kept").model(x), lens.model(x))
    explained = lens.explain(PICTURE)
    assert "explanation.npz" in explained.write(tmp_path / "out")
    assert (tmp_path / "out" / "gate-gates.1.spatial.png").is_file()


def test_what_is_found_can_be_corrected() -> None:
    net = made("hand-written CBAM")
    lens: Lens = ferlens.open(net, classes=CLASSES, input=GIVEN, no_gates=["gates.0.channel"], layer="stem")
    assert [gate.name for gate in lens.gates] == ["gates.1.spatial"]
    assert lens.layers[-1] == "stem"
    explained = lens.explain(PICTURE, whole=True)
    assert [gate.layer for gate in explained.gates] == ["gates.1.spatial"]
    assert explained.maps[0].layer == "stem"
    with pytest.raises(UsageError, match="Unknown gate 'nothing'"):
        ferlens.open(net, classes=CLASSES, input=GIVEN, no_gates=["nothing"])


def test_trust_asks_of_every_gate() -> None:
    lens = opened()
    report = lens.predictor.trust(lens.explain(PICTURE))
    assert [gate.layer for gate in report.gates] == ["gates.0.channel", "gates.1.spatial"]


def test_what_cannot_be_opened_is_said() -> None:
    net = made("hand-written CBAM")
    with pytest.raises(NetworkError, match="answers with 3 numbers a picture, but 2 classes were named"):
        ferlens.open(net, classes=("a", "b"), input=GIVEN)
    with pytest.raises(NetworkError, match="does not take pictures of 64 x 64 x 3"):
        ferlens.open(net, classes=CLASSES, input=Input(64, 3))
    with pytest.raises(UsageError, match=r"Expected a PyTorch nn\.Module, got a dict"):
        ferlens.open(net.state_dict() and {}, classes=CLASSES, input=GIVEN)
    with pytest.raises(UsageError, match="domain among faces and pictures, got 'cats'"):
        ferlens.open(net, classes=CLASSES, input=GIVEN, domain="cats")
    with pytest.raises(UsageError, match="two or more distinct classes"):
        ferlens.open(net, classes=("a", "a", "b"), input=GIVEN)
    with pytest.raises(NetworkError, match="one number a picture, as in regression"):
        ferlens.open(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.LazyLinear(1)), classes=CLASSES, input=GIVEN)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Input(8, 1), "16 to 1024 pixels a side, got 8"),
        (Input(2048, 1), "16 to 1024 pixels"),
        (Input(48, 2), "1 or 3 channels, got 2"),
        (Input(48, 3, mean=(0.5, 0.5)), "one mean or 3, got 2"),
        (Input(48, 1, std=0.0), "positive stds"),
        (Input(4.5, 1), "16 to 1024 pixels a side, got 4.5"),  # type: ignore[arg-type]
        (Input(None, 1), "16 to 1024 pixels a side, got None"),  # type: ignore[arg-type]
        (Input(48, 1, mean=None), "Expected mean as one number, or one a channel, got None"),  # type: ignore[arg-type]
        (Input(48, 1, std="x"), "Expected std as one number"),
        (Input(48, 1, fit="fold"), "a fit among"),  # type: ignore[arg-type]
    ],
)
def test_an_input_that_cannot_be(given: Input, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        given.spec()


def test_inputs_in_words() -> None:
    assert read_size("48") == ((48, 48), 3)
    assert read_size("48x64x1") == ((48, 64), 1)
    assert read_figures(".5", "--mean") == 0.5
    assert read_figures(".485,.456,.406", "--mean") == (0.485, 0.456, 0.406)
    for wrong in ("", "48x", "48x48x2", "axb"):
        with pytest.raises(UsageError, match="Expected --input as"):
            read_size(wrong)
    with pytest.raises(UsageError, match="Expected --mean as"):
        read_figures("half", "--mean")
    assert Input(48, 3, mean=0.5).spec().mean == (0.5, 0.5, 0.5)
    assert (Input((32, 48), 1).spec().height, Input((32, 48), 1).spec().width) == (32, 48)


def test_what_is_passed_wrongly_is_said_and_never_a_traceback(tmp_path: Path) -> None:
    net: Any = made("squeeze and excite")
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: ferlens.open(net, classes=CLASSES, input=48), r"Expected input=ferlens\.Input"),
        (lambda: ferlens.open(net, classes="abc", input=GIVEN), "Expected classes as a list of names"),
        (lambda: ferlens.open(net, classes=None, input=GIVEN), "Expected classes as a list of names"),
        (lambda: ferlens.open(net, classes=CLASSES, input=GIVEN, gates=5), "Expected gates and layers by their names"),
        (lambda: ferlens.open(net, classes=CLASSES, input=GIVEN, no_gates=[5]), "Expected gates and layers by their"),
        (lambda: ferlens.open(net, classes=CLASSES, input=GIVEN, layer=5), "Expected gates and layers by their names"),
        (lambda: lens.check(None), "Expected a folder with one folder of pictures a class, got None"),
        (lambda: lens.save(tmp_path / "x", check="yes"), r"Expected check=lens\.check"),
        (lambda: lens.save("x" * 300), "Expected a name for the checkpoint"),
        (lambda: lens.save(None), "Expected a name for the checkpoint"),
        (lambda: lens.save(tmp_path / ".."), "Expected a name for the checkpoint"),
        *(
            (lambda name=name: ferlens.open(net, classes=CLASSES, input=GIVEN, name=name), "Expected a name for")
            for name in ("..", "", "a/b", "a\\b", "a\nb", "x" * 300, ".hidden", None, 5)
        ),
        (lambda: lens.explain(np.zeros((48, 48), np.uint8), method=5), "Expected methods by name, got"),
        (lambda: lens.explain(np.zeros((48, 48), np.uint8), target=1), "Expected target as a class's name"),
    ]
    lens: Any = ferlens.open(net, classes=CLASSES, input=GIVEN, domain="pictures", no_gates="channel")
    assert lens.gates == ()  # a single name may stand without a list
    for call, said in wrong:
        with pytest.raises(UsageError, match=said):
            call()
