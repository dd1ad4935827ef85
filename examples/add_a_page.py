"""The dashboard with one page more: ``python -m examples.add_a_page``."""

import sys
from pathlib import Path

from streamlit.web import cli

from dashboard.shell import pages

HERE = Path(__file__).resolve().parent
OWN = pages.PageEntry("Study", "Classes", "Classes", str(HERE / "page_of_classes.py"), "What each model can answer.")


def add() -> None:
    """Put the page at the end of the list, for this process; the project's own are listed in ``pages.py``."""
    pages.PAGES = (*pages.PAGES, OWN)  # type: ignore[misc]


if __name__ == "__main__":
    add()
    sys.argv = ["streamlit", "run", str(HERE.parent / "dashboard" / "Home.py"), *sys.argv[1:]]
    cli.main()
