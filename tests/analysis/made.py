"""Analyses of drawn patterns by untrained models, and how to compare two of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

from engine.analysis.files.places import ATTENTION, PREDICTIONS, REPORT


def tensors(out: Path) -> dict[str, Any]:
    return load_file(out / ATTENTION)


def report(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / REPORT).read_text(encoding="utf-8"))
    return document


def assert_same(one: Path, other: Path, *, tolerance: float = 0.0) -> None:
    """Counts, words and flags must be equal; numbers within ``tolerance``; of the reports all but the times."""
    first, second = pq.read_table(one / PREDICTIONS), pq.read_table(other / PREDICTIONS)
    assert first.schema.equals(second.schema, check_metadata=True)
    for name in first.column_names:
        a, b = first[name].to_pandas(), second[name].to_pandas()
        if a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)
        else:
            assert a.astype(str).tolist() == b.astype(str).tolist(), name
    assert tensors(one).keys() == tensors(other).keys()
    for name, tensor in tensors(one).items():
        if name.endswith("/count"):
            assert tensor.tolist() == tensors(other)[name].tolist()
        else:
            np.testing.assert_allclose(tensor, tensors(other)[name], rtol=tolerance, atol=tolerance, err_msg=name)
    reports = [report(out) for out in (one, other)]
    for document in reports:
        document.pop("throughput")
    assert reports[0] == reports[1]
