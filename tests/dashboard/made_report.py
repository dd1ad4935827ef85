"""A page's report as the tests open it, and the built-in face that they show."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

ID = "test/happy/00003"
ON_FACE = {"source": "dataset", "dataset": "synthetic", "split": "test", "id": ID}


@dataclass
class Caught:
    """The report's button as the page drew it last."""

    data: Callable[[], bytes] | None = None
    file_name: str = ""

    def archive(self) -> zipfile.ZipFile:
        assert self.data is not None
        return zipfile.ZipFile(io.BytesIO(self.data()))

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.archive().read("view.json"))
        return found

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.archive().read("arrays.npz")), allow_pickle=False) as found:
            return {name: found[name] for name in found.files}

    @property
    def page(self) -> str:
        return self.archive().read("report.html").decode()

    @property
    def pictures(self) -> list[str]:
        return [name for name in self.archive().namelist() if name.startswith("pictures/")]
