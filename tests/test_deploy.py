"""What docs/deploy.md hands out: a Space's front matter, and a unit and a site that fit each other and the server."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import yaml

from dashboard import serve
from dashboard.doors.doors import Doors
from tests.image import instructions
from tests.made import ROOT

TEXT: Final = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
UNIT: Final = (ROOT / "docs" / "deploy" / "ferlens.service").read_text(encoding="utf-8")
SITE: Final = (ROOT / "docs" / "deploy" / "nginx.conf").read_text(encoding="utf-8")

SPACE_KEYS: Final = {"title", "emoji", "colorFrom", "colorTo", "sdk", "app_port", "license", "short_description"}
COLOURS: Final = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
"""Those that Spaces know."""
SHORTEST: Final = 60
"""Letters that a Space shows of a short description."""


def settings(text: str) -> dict[str, dict[str, list[str]]]:
    """Return section → key → values of a unit; systemd takes several lines of one key."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = {}
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found[section].setdefault(key, []).append(value)
    return found


def directives(text: str) -> list[list[str]]:
    """Return the words of each directive of a site of nginx, comments left out."""
    plain = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    return [shlex.split(part) for part in re.split(r"[;{}]", plain) if part.strip()]


def values(name: str) -> list[str]:
    """Return what the site says of a directive, one text each."""
    return [" ".join(words[1:]) for words in directives(SITE) if words[0] == name]


def served() -> tuple[str, int, Doors]:
    """Return address, port and doors of the unit's command, read as the server reads it."""
    (line,) = settings(UNIT)["Service"]["ExecStart"]
    python, *words = shlex.split(line)
    assert Path(python).is_absolute()
    assert words[:3] == ["-m", "engine", "serve"]
    given = serve.parse(words[3:])
    return given.host, given.port, Doors.read(given, {}, host=given.host)


def test_the_front_matter_is_what_a_space_takes() -> None:
    (block,) = re.findall(r"^```yaml\n---\n(.*?)---\n```", TEXT, re.MULTILINE | re.DOTALL)
    matter = yaml.safe_load(block)
    assert set(matter) == SPACE_KEYS
    assert {matter["colorFrom"], matter["colorTo"]} <= COLOURS
    assert matter["sdk"] == "docker"  # the Dockerfile says Python's version and what is started: no app_file
    ports = [rest for name, rest in instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")) if name == "EXPOSE"]
    assert [str(matter["app_port"])] == ports
    assert len(matter["emoji"]) == 1
    assert 0 < len(matter["short_description"]) <= SHORTEST
    assert matter["license"] == "mit"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT")


def test_what_is_copied_into_a_space_is_what_its_image_needs() -> None:
    (line,) = re.findall(r"^2\. Copy (.*?) into it", TEXT, re.MULTILINE)
    named = {word.rstrip("/") for word in re.findall(r"`([^`]+)`", line)}
    rests = [rest for name, rest in instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")) if name == "COPY"]
    needed = {word for rest in rests for word in rest.split()[:-1]} - {"README.md"}  # the Space has its own
    assert named == needed | {"Dockerfile", ".dockerignore"}


def test_the_unit_serves_this_machine_alone_and_believes_its_proxy() -> None:
    host, port, doors = served()
    assert host == "127.0.0.1"
    assert [str(network) for network in doors.proxies] == ["127.0.0.1/32"]
    assert values("proxy_pass") == [f"http://{host}:{port}"]
    names = set(values("server_name"))
    assert len(names) == 1
    assert all(doors.hosts.answers(name) for name in names)
    assert not doors.hosts.answers("another.example.org")
    assert doors.hosts.is_own(f"https://{names.pop()}", "ferlens.example.org")


def test_the_unit_is_shut_in() -> None:
    unit = settings(UNIT)["Service"]
    assert all(len(found) == 1 for found in unit.values())
    said = {key: found[0] for key, found in unit.items()}
    shut = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "IPAddressDeny": "any",
        "IPAddressAllow": "localhost",
    }
    assert {key: said.get(key) for key in shut} == shut
    assert said["User"] not in {"root", "nobody"}
    variables = dict(word.split("=", 1) for word in said["Environment"].split())
    assert variables["FERLENS_CACHE"] == variables["HOME"] == f"/var/cache/{said['CacheDirectory']}"


def test_the_site_asks_for_a_password_and_passes_on_what_the_server_needs() -> None:
    assert values("auth_basic") == ["FERLens"]  # before everything: once, for the whole of the site
    assert SITE.index("auth_basic_user_file") < SITE.index("location")
    passed = dict(value.split(maxsplit=1) for value in values("proxy_set_header") if " " in value.strip())
    assert passed == {
        "Upgrade": "$http_upgrade",
        "Connection": "$ferlens_connection",
        "Host": "$http_host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
    }
    assert "Authorization" in " ".join(values("proxy_set_header"))
    assert values("proxy_http_version") == ["1.1"]
    assert values("proxy_buffering") == ["off"]
    largest = re.search(
        r"^maxUploadSize = (\d+)$", (ROOT / "dashboard/.streamlit/config.toml").read_text(), re.MULTILINE
    )
    assert largest is not None
    assert values("client_max_body_size") == [f"{largest[1]}m"]
    assert values("return") == ["301 https://$host$request_uri"]
