"""The notebook of docs/your-network.md runs from its first cell to its last, and shows what it says."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.made import ROOT

pytestmark = pytest.mark.slow

NOTEBOOK = ROOT / "docs" / "notebooks" / "your-network.ipynb"
SECONDS = 300
"""For one cell; the first imports torch."""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    place: Path = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(place))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(place / "runtime"))
        patch.setenv("TMPDIR", str(place))
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = NotebookClient(
            notebook, timeout=SECONDS, startup_timeout=SECONDS, resources={"metadata": {"path": place}}
        )
        return client.execute()


def outputs(notebook: nbformat.NotebookNode, beginning: str) -> list[nbformat.NotebookNode]:
    """Return what the cell that begins so gives."""
    (cell,) = [cell for cell in notebook.cells if cell.source.startswith(beginning)]
    return list(cell.outputs)


def shown(notebook: nbformat.NotebookNode, beginning: str) -> str:
    """Return what that cell shows as text, HTML where it has some."""
    return "\n".join(
        output.get("text") or output["data"].get("text/html") or output["data"]["text/plain"]
        for output in outputs(notebook, beginning)
    )


def test_every_cell_runs_and_its_output_is_what_the_text_says(executed: nbformat.NotebookNode) -> None:
    assert "4 gates found" in shown(executed, "lens = ferlens.open(")
    (picture,) = outputs(executed, "work = Path(")
    assert len(picture["data"]["image/png"]) > 1_000
    assert "upright" in shown(executed, "print(explained.prediction")
    assert "No other order of the classes fits" in shown(executed, "report = lens.check")
    assert "level" in shown(executed, "# The same network")
    assert "folder/stripes/single" in shown(executed, "card = lens.save")


def test_the_committed_notebook_holds_no_outputs() -> None:
    committed = nbformat.read(NOTEBOOK, as_version=4)
    assert not [cell for cell in committed.cells if cell.get("outputs")]
