import ast
from pathlib import Path

import pytest

from tests.dashboard.made import ROOT

FIGURES = [
    path
    for path in sorted((ROOT / "dashboard").rglob("*.py"))
    if {"figures", "report"} & set(path.relative_to(ROOT).parts[:-1])
]
OTHERS = [path for path in sorted((ROOT / "dashboard").rglob("*.py")) if not path.name.endswith("loaders.py")]


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_figures_know_no_streamlit(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] == "streamlit"}


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_loaders_cache(path: Path) -> None:
    assert "cache_data" not in path.read_text(encoding="utf-8")
    assert "cache_resource" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "dashboard").glob("views/*/page.py")), ids=lambda path: path.parent.name
)
def test_a_page_writes_no_string_by_chance(path: Path) -> None:
    """Streamlit writes a bare string of the file that it runs onto the page: what describes a constant is a comment."""
    body = ast.parse(path.read_text(encoding="utf-8")).body[1:]
    assert [node.lineno for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)] == []
