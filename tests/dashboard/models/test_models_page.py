"""The page Models: what it offers, and what it leaves closed where others may reach the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.pages import EXPLAIN, MODELS
from engine.places import TRUST_VARIABLE
from engine.training import device
from tests.dashboard.made import open_page, page_html, sentences
from tests.made_adopted import write_adopted, write_code, write_live


@pytest.fixture
def page(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    write_adopted(tmp_path / "theirs")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.json").write_text("{")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(device, "_chosen", [])
    return home


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_at_home_the_shelf_may_be_changed(page: AppTest) -> None:
    app = open_page(page, MODELS)
    assert not app.exception
    assert {"Check", "Rename", "Remove", "Add to the shelf"} <= set(buttons(app))
    assert sentences(app) == ["The card of 'broken' is damaged (it is no whole JSON document); fetch the folder again."]
    assert "Not checked against your data" in page_html(app)


def test_a_live_network_is_shown_and_not_run(page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUST_VARIABLE, "")
    code = write_code(tmp_path / "code")
    write_live(tmp_path / "live", code)
    app = open_page(page, MODELS)
    assert not app.exception
    (sentence,) = [words for words in sentences(app) if "live network" in words]
    assert "'live' is a live network: opening it runs its code" in sentence
    assert "live: opening it runs its code, where the start trusts it" in page_html(app)
    assert page_html(app).count('class="fl-model"') == 2
    app = open_page(page, EXPLAIN, model="live", source="sample")
    assert not app.exception
    assert sentences(app)[-1] == sentence
    assert not (code / "ran").exists()
    monkeypatch.setenv(TRUST_VARIABLE, "live")
    app = open_page(page, EXPLAIN, model="live", source="sample")
    assert not app.exception
    assert not [words for words in sentences(app) if "live network" in words]
    assert (code / "ran").exists()


@pytest.mark.parametrize("said", ["no", "maybe"])
def test_served_to_others_it_is_looked_at_only(page: AppTest, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("FERLENS_ALLOW_ADDING", said)
    app = open_page(page, MODELS)
    assert not app.exception
    assert not {"Check", "Rename", "Remove", "Add to the shelf"} & set(buttons(app))
    assert not [widget for widget in app.get("button_group") if widget.key == "device"]
    assert any("did not give `--allow-adding`" in info.value for info in app.info)


def test_an_address_that_others_reach_is_closed_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.views.models import loaders

    monkeypatch.delenv("FERLENS_ALLOW_ADDING", raising=False)
    everywhere = "0.0.0.0"  # noqa: S104  # nothing is bound
    addresses = {"127.0.0.1": True, "::1": True, "localhost": True, everywhere: False, "": False, "host.name": False}
    for address, is_open in addresses.items():
        monkeypatch.setattr(loaders.st, "get_option", lambda _, address=address: address)
        assert loaders.may_change_the_shelf() is is_open
    monkeypatch.setenv("FERLENS_ALLOW_ADDING", "yes")
    assert loaders.may_change_the_shelf()


def test_a_device_that_is_not_here_is_refused_and_the_one_before_stays(page: AppTest) -> None:
    app = open_page(page, MODELS)
    (choice,) = [widget for widget in app.get("button_group") if widget.key == "device"]
    assert choice.value == "cpu"
    if "mps" in device.devices_here():
        pytest.skip("this machine has it")
    choice.set_value("mps").run()
    assert "Device 'mps' is not on this machine; it has: cpu." in sentences(app)[-1]
    assert device.preferred_device() == "cpu"
