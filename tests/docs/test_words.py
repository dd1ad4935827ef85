"""What the documents tell a reader to type and to press is there: commands parse, names stand on the pages."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.shell.pages import PAGES
from engine.cli.main import COMMANDS, PASSED_ON, build_parser
from tests.made import ROOT

DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"])
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"(?<!\*)(\*{1,2})(?!\s|\*)([^*\n]+?)(?<!\s)\1(?!\*)")


def lines_of(text: str) -> list[str]:
    """Return the lines of the fenced blocks that are no program, continued ones joined, comments left out."""
    blocks = [body for language, body in FENCE.findall(text) if language in {"", "bash", "sh"}]
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line.split("  #")[0].strip() for line in joined.splitlines()]


def commands(text: str) -> list[list[str]]:
    """Return the words after ``python -m engine`` or ``ferlens`` of each such line."""
    found = []
    for line in lines_of(text):
        said = re.match(r"(?:[A-Z_]+=\S+ )*(?:\S*python\d* -m engine|ferlens|torchrun .* -m engine) (.+)", line)
        if said:
            found.append(shlex.split(said[1], comments=True))
    return found


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return why the command line would not take these words; empty where it does."""
    chosen = next((word for word in words if word in COMMANDS), None)
    if chosen in PASSED_ON:
        return ""
    try:
        build_parser(chosen).parse_args(words)
    except SystemExit as error:
        return "" if not error.code else capsys.readouterr().err.strip().splitlines()[-1]
    return ""


def test_every_command_in_a_document_is_taken_by_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = [(path.name, words) for path in DOCUMENTS for words in commands(path.read_text(encoding="utf-8"))]
    assert len(found) > 70
    assert {words[0] for _, words in found} >= {"explain", "compare", "analyze", "benchmark", "import", "video", "card"}
    problems = [f"{name}: {' '.join(words)}: {why}" for name, words in found if (why := refused(words, capsys))]
    assert problems == []


def test_commands_are_found_and_wrong_ones_refused(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "```\nX=1 ferlens dashboard  # words\npython -m engine evaluate --model a \\\n  --tta\n```\n"
        "```python\npython -m engine no\n```\n- in a list\n\n  ```\n  python -m engine card a\n  ```\n"
    )
    assert commands(text) == [["dashboard"], ["evaluate", "--model", "a", "--tta"], ["card", "a"]]
    assert refused(["evaluate", "--model", "a", "--ten-crops"], capsys)
    assert refused(["evaluat"], capsys)
    assert not refused(["evaluate", "--model", "a", "--tta"], capsys)


def test_every_target_of_make_and_every_module_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked, modules = set(), set()
    for path in DOCUMENTS:
        for line in lines_of(path.read_text(encoding="utf-8")):
            asked |= set(re.findall(r"^make ([a-z-]+)", line))
            modules |= set(re.findall(r"python -m ((?:engine|dashboard|benchmarks|tests|docs)[\w.]*)", line))
    assert asked >= {"dashboard", "webcam"}
    assert asked <= targets
    assert sorted(name for name in modules if importlib.util.find_spec(name) is None) == []


def programs() -> list[tuple[str, str]]:
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in DOCUMENTS]
    return [(name, body) for name, text in texts for language, body in FENCE.findall(text) if language == "python"]


def missing_names(body: str) -> list[str]:
    """Return what a program imports from this project, or takes of ``ferlens``, and is not there."""
    asked: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(textwrap.dedent(body))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"engine", "dashboard", "ferlens"}:
            asked += [(str(node.module), alias.name) for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ferlens":
            asked.append(("ferlens", node.attr))
    return [f"{module}.{name}" for module, name in asked if not hasattr(importlib.import_module(module), name)]


def test_every_program_in_a_document_parses_and_its_names_exist() -> None:
    found = programs()
    assert len(found) > 8
    assert [f"{name}: {missing}" for name, body in found for missing in missing_names(body)] == []
    assert missing_names("import ferlens\nferlens.opened(1)\nfrom engine import Predict") == [
        "engine.Predict",
        "ferlens.opened",
    ]


def named(path: Path) -> list[str]:
    """Return what a tutorial calls a page or a control: bold words, and those in italics with a capital letter."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    marked = [(mark, words.strip()) for mark, words in MARKER.findall(text)]
    return [
        words for mark, words in marked if not words.endswith(".") and (mark == "**" or (words[0].isupper()))
    ]  # fmt: skip


def sources_for(names: list[str]) -> Iterator[Path]:
    """Yield the sources of the pages that are named, and of what all pages have."""
    pages = [Path(page.file).parent for page in PAGES if page.title in names]
    for room in (*pages, "shell", "shared", "report", "live"):
        for kind in ("py", "html"):
            yield from (ROOT / "dashboard" / room).rglob(f"*.{kind}")


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "tutorials").glob("*.md")), ids=lambda path: path.stem)
def test_every_control_that_a_tutorial_names_is_on_the_pages(path: Path) -> None:
    names = named(path)
    there = "\n".join(source.read_text(encoding="utf-8") for source in sources_for(names))
    assert len(names) > 6
    assert sorted({name for name in names if not re.search(rf'[">]{re.escape(name)}', there)}) == []


def test_names_are_told_from_other_emphasis(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text(
        "**The question.** *not* this, **Explain** and *Check trust*.\n```\n**no**\n```\n", encoding="utf-8"
    )
    assert named(page) == ["Explain", "Check trust"]
