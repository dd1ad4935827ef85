"""Live networks: kept by their code, which runs where it is trusted by name and is what it was, and nowhere else."""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import CheckpointError, NetworkError, UsageError
from engine.models.adopted.keep import Corrected, Origin, keep_live
from engine.models.adopted.live_code import CODE, read_code, rebuilt, recorded
from engine.models.adopted.network import adopt
from engine.models.adopted.trust_code import pinned, trust
from engine.models.checkpoint import list_checkpoints, load_checkpoint, read_card
from engine.models.taps import edit_attention, record_attention
from engine.places import TRUST_VARIABLE
from engine.records import RunCard
from tests.made_adopted import LIVE_GATE, LIVE_NET, LIVE_SPEC, write_code, write_live
from tests.models.adopted.made_nets import CLASSES


@pytest.fixture(autouse=True)
def nothing_trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(TRUST_VARIABLE, "")
    before = set(sys.modules)
    yield
    left = {name for name in set(sys.modules) - before if name.partition(".")[0] in ("inner", "net")}
    assert not left, "what lies beside the code is left where other imports would find it"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    return write_code(tmp_path / "theirs")


@pytest.fixture
def kept(code: Path, tmp_path: Path) -> RunCard:
    """The network with eight channels as the checkpoint ``shelf/mine``."""
    return write_live(tmp_path / "shelf" / "mine", code)


def ran(code: Path) -> bool:
    return (code / "ran").exists()


def test_without_trust_nothing_runs_and_the_sentence_says_what_to_do(kept: RunCard, code: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"'mine' is a live network: .*net\.py:Net.*--trust-code mine@") as caught:
        load_checkpoint(tmp_path / "shelf" / "mine")
    assert not ran(code)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("word", ["other", "min", "mine@" + "0" * 12, "mine@316b", "mine@", "@"])
def test_the_trust_of_others_is_no_trust(kept: RunCard, code: Path, tmp_path: Path, word: str) -> None:
    trust([word])
    with pytest.raises(CheckpointError, match="is a live network"):
        load_checkpoint(tmp_path / "shelf" / "mine")
    assert not ran(code)


def test_with_trust_it_answers_with_its_gate_as_it_did(kept: RunCard, code: Path, tmp_path: Path) -> None:
    trust(["other", pinned(kept)])
    loaded = load_checkpoint(tmp_path / "shelf" / "mine")
    assert ran(code)
    torch.manual_seed(0)
    net: Any = recorded(f"{code / 'net.py'}:Net", {"width": 8})[1]
    x = torch.randn(3, 1, 24, 32)
    with torch.no_grad(), record_attention() as gates:
        logits = loaded.model(x)
    with torch.no_grad():
        assert torch.equal(logits, net.eval()(x))
        squeezed = net.gate.squeeze(torch.relu(net.first(x)))
    assert [gate.layer for gate in gates] == [gate["layer"] for gate in kept.config["gates"]]
    np.testing.assert_allclose(gates[0].weights, squeezed.flatten(1).numpy(), atol=1e-6)
    with torch.no_grad(), edit_attention({gates[0].layer: torch.zeros_like}):
        assert torch.allclose(loaded.model(x), net.head.bias.expand(3, -1), atol=1e-6)


def test_the_word_of_one_call_is_trust_too(kept: RunCard, tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "shelf" / "mine", trust_code=True).card.is_live


@pytest.mark.parametrize("file", ["net.py", "inner/gates.py"])
def test_changed_code_is_refused_before_any_of_it_runs(kept: RunCard, code: Path, tmp_path: Path, file: str) -> None:
    trust(["mine"])
    with (code / file).open("a") as out:
        out.write("\n")
    with pytest.raises(CheckpointError, match="is not the code that 'mine' was imported with") as caught:
        load_checkpoint(tmp_path / "shelf" / "mine")
    assert not ran(code)
    assert str(tmp_path) not in str(caught.value)


def test_code_that_is_gone_is_said(kept: RunCard, code: Path, tmp_path: Path) -> None:
    trust(["mine"])
    (code / "net.py").unlink()
    with pytest.raises(CheckpointError, match=r"'net\.py' is not where it was"):
        load_checkpoint(tmp_path / "shelf" / "mine")


def test_another_code_under_the_same_name_needs_another_word(kept: RunCard, code: Path, tmp_path: Path) -> None:
    """Whoever may write into the shelf can exchange card and code; what was named with its sha256 stays closed."""
    trust([pinned(kept)])
    place = tmp_path / "shelf" / "mine"
    (code / "net.py").write_text(LIVE_NET + "\n# of another")
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    write_live(place, code)
    with pytest.raises(CheckpointError, match="is a live network"):
        load_checkpoint(place)
    assert not ran(code)


def test_a_changed_description_is_refused(kept: RunCard, code: Path, tmp_path: Path) -> None:
    trust(["mine"])
    file = tmp_path / "shelf" / "mine" / CODE
    file.write_text(file.read_text().replace('"width": 8', '"width": 9'))
    with pytest.raises(CheckpointError, match=r"The code\.json of 'mine' is not the one its card describes"):
        load_checkpoint(tmp_path / "shelf" / "mine")
    assert not ran(code)


def test_compiled_files_are_not_looked_at(kept: RunCard, code: Path) -> None:
    """Python runs a compiled file in place of a source of that size and time; here the compared bytes run."""
    said = read_code((code.parent / "shelf" / "mine" / CODE).read_bytes(), "mine")
    other = code / "inner" / "gates.py"
    times = other.stat().st_mtime_ns
    text = other.read_text()
    other.write_text(text.replace("x * self.squeeze(x)", "x + self.squeeze(x)"))
    os.utime(other, ns=(times, times))
    py_compile.compile(str(other), importlib.util.cache_from_source(str(other)))
    other.write_text(text)
    os.utime(other, ns=(times, times))
    net: Any = rebuilt(said, "mine").eval()
    x = torch.rand(1, 8, 4, 4)
    with torch.no_grad():
        assert torch.equal(net.gate(x), x * net.gate.squeeze(x))


def test_two_networks_with_files_of_one_name_do_not_meet(code: Path, tmp_path: Path) -> None:
    other = write_code(tmp_path / "second")
    (other / "inner" / "gates.py").write_text(LIVE_GATE.replace("x * self.squeeze(x)", "x * self.squeeze(x) * 0.5"))
    write_live(tmp_path / "shelf" / "one", code)
    write_live(tmp_path / "shelf" / "two", other)
    trust(["one", "two"])
    first, second = (load_checkpoint(tmp_path / "shelf" / name).model for name in ("one", "two"))
    x = torch.randn(1, 1, 24, 32)
    with torch.no_grad():
        assert not torch.equal(first(x), second(x))


def test_code_that_builds_another_network_is_not_kept(code: Path, tmp_path: Path) -> None:
    source = f"{code / 'net.py'}:Net"
    _, net = recorded(source, {})
    live = adopt(net, LIVE_SPEC, CLASSES)
    with pytest.raises(CheckpointError, match=r"do not fit the network that net\.py builds"):
        keep_live(
            tmp_path / "mine", live, source, {"width": 5}, corrected=Corrected(), classes=CLASSES, spec=LIVE_SPEC,
            domain="pictures", origin=Origin("net.py:Net"),
        )  # fmt: skip
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"beside": {"../up.py": "0" * 64}}, {"beside": {"/abs.py": "0" * 64}}, {"arguments": [1]},
        {"file": 3}, {"more": 1}, {"layer": 2},
    ],
)  # fmt: skip
def test_a_description_of_odd_form_is_refused(change: dict[str, object]) -> None:
    whole = {
        "version": 1, "file": "/x/net.py", "name": "Net", "sha256": "0" * 64, "arguments": {}, "beside": {},
        "gates": [], "no_gates": [], "layer": None,
    }  # fmt: skip
    read_code(json.dumps(whole).encode(), "mine")
    with pytest.raises(CheckpointError, match=r"The code\.json of 'mine' is damaged"):
        read_code(json.dumps({**whole, **change}).encode(), "mine")


def test_code_that_fails_is_one_sentence(code: Path) -> None:
    (code / "net.py").write_text("import sys\nsys.exit(3)")
    with pytest.raises(NetworkError, match=r"'net\.py' cannot be run \(SystemExit"):
        recorded(f"{code / 'net.py'}:Net", {})


def test_a_card_cannot_be_both(kept: RunCard, tmp_path: Path) -> None:
    place = tmp_path / "shelf" / "mine"
    card = json.loads((place / "card.json").read_text())
    card["config"]["graph_sha256"] = "0" * 64
    (place / "card.json").write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match="a graph or a live network"):
        read_card(place)


def test_the_shelf_lists_it_without_trust(kept: RunCard, code: Path, tmp_path: Path) -> None:
    assert [card.name for card in list_checkpoints(tmp_path / "shelf")] == ["mine"]
    assert not ran(code)


def test_a_name_to_trust_is_one_name() -> None:
    for odd in ("", " ", "a,b"):
        with pytest.raises(UsageError, match="Expected the name of one network to trust"):
            trust([odd])
