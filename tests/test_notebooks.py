"""The notebooks of docs/notebooks run from their first cell to their last, and show what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from engine.data.votes.file import VOTES_VARIABLE
from tests.made import ROOT

pytestmark = pytest.mark.slow

NOTEBOOKS = ROOT / "docs" / "notebooks"
SECONDS = 300
"""For one cell; the first imports torch."""

SHOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "dataset": {
        "for group in found.exact": ("test/surprise/copy.png, train/fear/0002.png", "blank.png", "darker.png"),
        "pictures = read_pictures": ("train {'angry': 27", "test {'angry': 11"),
    },
    "with-and-without-attention": {
        "RECIPE =": ("baseline: ", "cbam: ", "parameters"),
        "found = compare(": ("one training seed each", "p = "),
    },
    "trust-of-a-map": {
        "import numpy": ("happy drawn",),
        "trust = predictor.trust": ("block1.channel", "block4.spatial"),
        "for item in trust.maps": ("gradcam", "layercam"),
    },
    "human-votes": {
        "store = open_store": ("made votes (3000, 10)",),
        "report = report_on_votes": ("the label is what most saw:", "n = 3,000"),
        "for who, said": ("voter: ", "model: ", "label: "),
    },
}
"""Notebook → how a cell begins → parts of what it shows."""

Run = Callable[[str], nbformat.NotebookNode]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, place in (("PYTHONPATH", ROOT), ("IPYTHONDIR", tmp_path), ("JUPYTER_RUNTIME_DIR", tmp_path / "runtime")):
        monkeypatch.setenv(name, str(place))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv(VOTES_VARIABLE, raising=False)

    def execute(name: str) -> nbformat.NotebookNode:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        resources = {"metadata": {"path": tmp_path}}
        return NotebookClient(notebook, timeout=SECONDS, startup_timeout=SECONDS, resources=resources).execute()

    return execute


def outputs(notebook: nbformat.NotebookNode, beginning: str) -> str:
    (cell,) = [cell for cell in notebook.cells if cell.source.startswith(beginning)]
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)


@pytest.mark.parametrize("name", SHOWN)
def test_every_cell_runs_and_shows_what_it_says(name: str, run: Run) -> None:
    executed = run(name)
    for beginning, parts in SHOWN[name].items():
        shown = outputs(executed, beginning)
        for part in parts:
            assert part in shown, shown


def test_real_votes_are_taken_where_they_are(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_text("Usage,Image name\n")
    monkeypatch.setenv(VOTES_VARIABLE, str(tmp_path / "votes.csv"))
    with pytest.raises(Exception, match=r"votes\.csv"):  # the file is read, and this one has no rows
        run("human-votes")


def test_what_is_committed_holds_no_outputs_and_names_its_neighbours() -> None:
    found = {file.stem for file in NOTEBOOKS.glob("*.ipynb")}
    assert found == {*SHOWN, "your-network"}  # tests/lens/test_notebook.py runs the last
    for name in found:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
