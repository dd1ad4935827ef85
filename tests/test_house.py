"""The rules of the house, read from the sources: what may import what, and what is never called or committed."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.made import ROOT

ROOMS: Final = (
    ("engine.documents", "engine.errors", "engine.labels", "engine.places", "engine.records"),
    ("engine.extras", "engine.writing"),
    ("engine.statistics", "engine.media", "engine.draw", "engine.synthetic", "engine.models"),
    ("engine.data",),
    ("engine.training", "engine.explain"),
    ("engine.measure", "engine.trust"),
    ("engine.edit", "engine.evidence", "engine.predict"),
    ("engine.analysis", "engine.live"),
    ("engine.predictor",),
    ("engine.lens",),
    ("engine",),
    ("engine.benchmarks",),
    ("engine.cli",),
    ("engine.__main__",),
    ("dashboard",),
    ("dashboard.doors", "dashboard.report"),
    ("dashboard.shell",),
    ("dashboard.shared",),
    ("dashboard.live",),
    ("dashboard.views",),
    ("dashboard.Home", "dashboard.serve", "dashboard.webcam"),
)
"""The rooms from the bottom to the top; those of one line know nothing of each other, nor does a page of another."""

RANKS: Final = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}

INTERFACES = {"streamlit", "gradio", "gradio_client", "dashboard"}
# The places that read .pth files, which a person names, a card knows by its sha256 or a package carries; and only so.
TENSORS_ONLY = {
    "engine/data/enhance/networks.py": ("torch.load", "weights_only", "True"),
    "engine/models/foreign_weights.py": ("torch.load", "weights_only", "True"),
}
UNPICKLING = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full module name) of every import, inside functions too; `from a import b` gives a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = name_of(path).split(".")
                base = base if path.name == "__init__.py" else base[:-1]
                module = ".".join([*base[: len(base) - node.level + 1], *filter(None, [module])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def room_of(module: str) -> str | None:
    """Return the room that a module lies in; ``dashboard.views.explain`` is one of its own. None outside the house."""
    parts = module.split(".")
    if parts[0] not in {"engine", "dashboard"}:
        return None
    depth = 3 if parts[:2] == ["dashboard", "views"] else 2
    return ".".join(parts[:depth])


def rank(room: str) -> int | None:
    """Return how high a room lies; None where it was given no place."""
    return RANKS.get("dashboard.views" if room.startswith("dashboard.views.") else room)


def edges() -> Iterator[tuple[Path, int, str]]:
    """Yield (file, line, module) of every import of a module of the house, by one of the house."""
    modules = {name_of(path) for path in sources("engine", "dashboard")}
    for path in sources("engine", "dashboard"):
        found = [(line, module) for line, module in imports(path) if module in modules]
        for line, module in found:
            # `from a import b` gives a too, which is what is imported only where b is no module of its own.
            if not any(other == line and name.startswith(f"{module}.") for other, name in found):
                yield path, line, module


def test_every_room_has_its_place() -> None:
    rooms = {room_of(name_of(path)) for path in sources("engine", "dashboard")}
    assert sorted(room for room in rooms if room is not None and rank(room) is None) == []
    assert len(RANKS) == sum(map(len, ROOMS))


def test_one_room_makes_temporary_names_beside_a_result() -> None:
    """A file or folder that is complete or absent is written through ``engine.writing``, which also tidies up."""
    found = []
    for path in sources("engine"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            beside = any(keyword.arg == "dir" for keyword in node.keywords)
            # safetensors' save_file writes under a name of its own, which nobody clears and its owner alone may read.
            if name in {"mkdtemp", "save_file"} or (name in {"TemporaryDirectory", "NamedTemporaryFile"} and beside):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_nothing_imports_upwards_or_sideways() -> None:
    wrong = []
    for path, line, module in edges():
        own, other = room_of(name_of(path)) or "", room_of(module) or ""
        here, there = rank(own), rank(other)
        assert here is not None, own
        assert there is not None, other
        if own != other and there >= here:
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert wrong == []


def test_no_files_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path, _, module in edges():
        if module != name_of(path):
            graph.setdefault(name_of(path), set()).add(module)
    entered: list[str] = []
    done: set[str] = set()

    def walk(module: str) -> list[str]:
        if module in entered:
            return [*entered[entered.index(module) :], module]
        if module in done:
            return []
        entered.append(module)
        circle = next(filter(None, map(walk, sorted(graph.get(module, ())))), [])
        entered.pop()
        done.add(module)
        return circle

    assert [circle for circle in map(walk, sorted(graph)) if circle] == []


def test_the_engine_knows_no_interface() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in sources("engine")
        for line, module in imports(path)
        if module.split(".")[0] in INTERFACES
    ]
    assert found == []


def test_nothing_unpickles() -> None:
    found = []
    for path in sources("engine", "dashboard"):
        where = path.relative_to(ROOT)
        found += [f"{where}:{line} {m}" for line, m in imports(path) if m.split(".")[0] in UNPICKLING]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            allowed, keyword, value = TENSORS_ONLY.get(where.as_posix(), ("", "", ""))
            if called == allowed and given.get(keyword) == value:
                continue
            if called in {"torch.load", "torch.jit.load", "torch.hub.load", "pd.read_pickle"}:
                found.append(f"{where}:{node.lineno} {called}")
            if called in {"np.load", "numpy.load"} and given.get("allow_pickle", "False") != "False":
                found.append(f"{where}:{node.lineno} {called} with allow_pickle")
    assert found == []


def test_the_checks_above_see_what_they_look_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    write("engine/explain/gradcam.py", "")
    bad = write(
        "engine/models/bad.py", "def f():\n    from ..explain import gradcam\n    import streamlit.testing as t\n"
    )
    assert list(imports(bad)) == [
        (2, "engine.explain"),
        (2, "engine.explain.gradcam"),
        (3, "streamlit.testing"),
    ]
    assert [module for _, _, module in edges()] == ["engine.explain.gradcam"]
    with pytest.raises(AssertionError):
        test_nothing_imports_upwards_or_sideways()
    with pytest.raises(AssertionError):
        test_the_engine_knows_no_interface()
    bad.write_text("import torch\ntorch.load('x')\n")
    with pytest.raises(AssertionError):
        test_nothing_unpickles()
    bad.unlink()
    page = write("dashboard/views/one/page.py", "from dashboard.views.two.page import x\n")
    write("dashboard/views/two/page.py", "")
    with pytest.raises(AssertionError):  # a page that knows another
        test_nothing_imports_upwards_or_sideways()
    page.unlink()
    test_nothing_imports_upwards_or_sideways()
    test_every_room_has_its_place()
    test_no_files_import_each_other_in_a_circle()
    write("engine/models/one.py", "from engine.models import two\n")
    write("engine/models/two.py", "from engine.models.three import x\n")
    write("engine/models/three.py", "def f():\n    from engine.models.one import y\n")
    with pytest.raises(AssertionError):
        test_no_files_import_each_other_in_a_circle()
    write("engine/newroom/thing.py", "")
    with pytest.raises(AssertionError):
        test_every_room_has_its_place()


# Written in pieces, so that this file does not match itself. Placeholders of a place, as /home/user, are no machine's.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:" + "work|ro" + r"ot|Users|home/(?!user\b|you\b))/?[\w.-]*/[\w.-]+")


def test_no_machine_path_in_any_text() -> None:
    assert MACHINE_PATH.search("see /wo" + "rk/main/engine")
    assert MACHINE_PATH.search("'/ro" + "ot/.cache/x'")
    assert not MACHINE_PATH.search("https://example.org/work/a and engine/work/a")
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number} {match.group()}"
            for number, line in enumerate(text.splitlines(), start=1)
            for match in MACHINE_PATH.finditer(line)
        ]
    assert found == []


def test_no_picture_of_fer2013_is_tracked() -> None:
    # The names that its files have, under any folder; and its archives and tables.
    names = re.compile(
        r"^(Training|PublicTest|PrivateTest)_\d+\.\w+$|^(fer2013|icml_face_data)\.(csv|tar|zip|tgz|tar\.\w+)$"
        r"|^fer2013new\."  # nor FER+'s votes, which its users download
    )
    assert names.match("PrivateTest_123.jpg")
    assert names.match("fer2013new.csv.xz")
    assert [str(path.relative_to(ROOT)) for path in tracked() if names.match(path.name)] == []


def test_the_data_folder_is_ignored() -> None:
    asked = ["data/train/happy/Training_1.jpg", "runs/x/state.safetensors"]
    done = subprocess.run(["git", "check-ignore", *asked], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout.split() == asked
