"""Archives and tables that hold far more than their bytes are refused before it is unpacked; honest ones are read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from engine.data.read import bounds
from engine.data.read.bounds import FREE_BYTES, MAX_RATIO, Meter, UnpackedStream
from engine.data.read.samm import read_label_sheet
from engine.data.read.sources import read_source
from engine.errors import DataError
from tests import made_hostile as hostile

NOISE = np.random.default_rng(0).bytes(50_000)


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["rows.zip", "line.zip", "zeros.zip", "zeros.tar.gz", "table.tar.gz", "zeros.tar.xz"])
def test_an_archive_that_holds_far_more_than_its_size_is_refused_unopened(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    size = 3 * FREE_BYTES
    if name == "rows.zip":
        hostile.zip_of_table(path, size // 2, b"0\n")
    elif name == "line.zip":
        hostile.zip_of_line(path, size)
    elif name == "zeros.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("happy/a.jpg", bytes(size))
    else:
        hostile.tar_of_zeros(path, size, "happy/a.jpg" if name.startswith("zeros") else "fer2013.csv")
    if name.endswith(".xz"):
        path.write_bytes(lzma.compress(gzip.decompress(path.read_bytes())))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("opened"))
    monkeypatch.setattr(tarfile.TarFile, "extractfile", lambda *_: pytest.fail("opened"))
    with pytest.raises(DataError, match=rf"Expected '{name}', which has .* kB, to unpack to at most") as caught:
        list(read_source(path))
    assert str(tmp_path) not in str(caught.value)


def test_small_archives_and_ordinary_ratios_are_read(tmp_path: Path) -> None:
    """A few blank pictures pack to a thousandth; a large table of numbers to a quarter."""
    path = tmp_path / "blank.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("happy/a.bmp", bytes(FREE_BYTES - 1))
    assert len(list(read_source(path))) == 1
    meter = Meter(path)
    meter.unpacked(FREE_BYTES)
    with pytest.raises(DataError):
        meter.unpacked(1)
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(FREE_BYTES))
    meter = Meter(large)
    meter.unpacked(MAX_RATIO * FREE_BYTES)
    with pytest.raises(DataError, match=r"which has 4\.0 MB, to unpack to at most 400\.0 MB"):
        meter.announce(1)


def test_what_a_stream_gives_beyond_its_headers_counts_too(tmp_path: Path) -> None:
    """Zeros after an archive's end are nobody's picture; a reader that goes on to the end would unpack them all."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(bytes(2 * FREE_BYTES)))
    with UnpackedStream(path, Meter(path)) as stream, pytest.raises(DataError, match="to unpack to at most"):
        stream.read()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["tar", "gz", "bz2", "xz"])
@pytest.mark.parametrize("parts", [1, 3])
def test_every_packing_gives_its_bytes_back(pack: object, parts: int, tmp_path: Path) -> None:
    whole = tarred({"happy/a.png": NOISE, "sad/b.png": NOISE[:777]})
    cut = [whole[at : at + -(-len(whole) // parts)] for at in range(0, len(whole), -(-len(whole) // parts))]
    path = tmp_path / "set.tar.gz"  # what it is packed with is told by its bytes
    path.write_bytes(b"".join(pack(part) for part in cut))  # type: ignore[operator]
    with UnpackedStream(path, Meter(path)) as stream:
        assert stream.read() == whole
    assert {entry.id: entry.payload for entry in read_source(path)} == {"happy/a.png": NOISE, "sad/b.png": NOISE[:777]}


def test_an_xz_file_gets_no_memory_by_its_word(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.xz"
    wants = [
        {"id": lzma.FILTER_LZMA2, "dict_size": 512 * 2**20, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3, "nice_len": 4}
    ]
    packer = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=[{**wants[0], "dict_size": 1 << 20}])
    data = bytearray(packer.compress(tarred({"happy/a.png": NOISE})) + packer.flush())
    # The block header's filter properties: one byte says how large the dictionary is (38: 2 GB), then its CRC32.
    at = data.index(b"\x21\x01", 12)
    data[at + 2] = 38
    start, size = 12, (data[12] + 1) * 4

    data[start + size - 4 : start + size] = zlib.crc32(data[start : start + size - 4]).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged or cut short"):
        list(read_source(path))


def test_a_zip_packed_in_a_way_that_names_its_own_memory_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("happy/a.png", NOISE)
    with pytest.raises(DataError, match="packed in an unusual way"):
        list(read_source(path))


def test_an_extended_header_is_not_read_whole(tmp_path: Path) -> None:
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        info = tarfile.TarInfo("././@LongLink")
        info.type, info.size = kind, 2_000_000
        path = tmp_path / "a.tar"
        path.write_bytes(info.tobuf() + bytes(2_000_384) + tarred({"happy/a.png": NOISE}))
        with pytest.raises(DataError, match="damaged or cut short"):
            list(read_source(path))


def test_a_broken_header_of_a_sparse_file_is_damage(tmp_path: Path) -> None:
    info = tarfile.TarInfo("happy/a.png")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398] = b"not a number"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    path = tmp_path / "a.tar"
    path.write_bytes(bytes(header) + bytes(512) + tarred({"happy/a.png": NOISE}))
    with pytest.raises(DataError, match="damaged or cut short"):
        list(read_source(path))


def test_a_broken_number_in_a_pax_header_is_damage(tmp_path: Path) -> None:
    for record in (b"GNU.sparse.major=x", b"GNU.sparse.map=1,2,x", b"size=many", b"GNU.sparse.size=x"):
        line = b"%d %s\n" % (len(record) + 4, record)
        info = tarfile.TarInfo("pax")
        info.type, info.size = tarfile.XHDTYPE, len(line)
        path = tmp_path / "a.tar"
        path.write_bytes(info.tobuf() + line.ljust(512, b"\0") + tarred({"happy/a.png": NOISE}))
        try:
            list(read_source(path))
        except DataError as error:
            assert "damaged or cut short" in str(error)  # noqa: PT017  # some of them are read as nothing


def test_a_sheet_of_clips_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "labels.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(2 * FREE_BYTES))
    with pytest.raises(DataError, match=r"Expected 'labels\.xlsx'.* to unpack to at most"):
        read_label_sheet(path)
    monkeypatch.setattr(bounds, "MAX_SHEET_BYTES", 10)
    table = tmp_path / "labels.csv"
    table.write_text("subject,clip,emotion\n1,2,happy\n")
    with pytest.raises(DataError, match=r"but 'labels\.csv' has more"):
        read_label_sheet(table)
