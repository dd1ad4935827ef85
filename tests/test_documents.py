from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import documents
from engine.documents import MAX_DEPTH, DocumentError, parse_document, read_document


def test_a_document_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, "é"]}', encoding="utf-8")
    assert read_document(path) == {"a": [1, "é"]}
    assert parse_document(b"3") == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no whole JSON"),
        (b"{", "no whole JSON"),
        (b"\xff\xfe", "no whole JSON"),
        (b"9" * 5_000, "no whole JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested too deeply"),
    ],
)
def test_what_is_no_document_is_one_reason(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=reason):
        read_document(path)


def test_the_depth_that_is_allowed() -> None:
    assert parse_document("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")  # reading it would wait for ever
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder"):
        with pytest.raises(DocumentError, match="no ordinary file"):
            read_document(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "absent")
    (tmp_path / "file").write_text("12345")
    with pytest.raises(DocumentError, match="cannot be read"):
        read_document(tmp_path / "file" / "below")
    monkeypatch.setattr(documents, "MAX_BYTES", 4)
    with pytest.raises(DocumentError, match="larger than"):
        read_document(tmp_path / "file")
