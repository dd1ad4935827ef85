"""The rules of the house, read from the sources: what may import what, and what is never called or committed."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.made import ROOT

RANKS = {
    "engine.labels": 0,
    "engine.records": 0,
    "engine.errors": 0,
    "engine.data": 1,
    "engine.models": 2,
    "engine.training": 3,
    "engine.inference": 3,
    "engine.explain": 4,
    "engine.evaluate": 4,
    "engine.analysis": 5,
    # What Python users hold in hand joins inference with explanation, so it stands above both.
    "engine.predictor": 5,
    "engine.predict.face_model": 5,
    "engine.live.pipeline": 5,
    "engine.live.annotate": 5,
    "engine.live.video": 5,
    "engine.benchmarks.live": 5,  # it runs the whole pipeline
    "engine": 5,
    "engine.cli": 6,
    "engine.__main__": 6,
    "dashboard": 7,
}
"""Data flows one way: a module imports nothing of a higher rank."""

INTERFACES = {"streamlit", "gradio", "gradio_client", "dashboard"}
# The one place that reads .pth files, which a person names or a card knows by its sha256; and only so.
TENSORS_ONLY = {"engine/data/enhance/networks.py": ("torch.load", "weights_only", "True")}
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


def rank(module: str) -> int | None:
    """Return the rank of the longest known prefix; None outside the house."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in RANKS:
            # `engine` itself is the façade; a room that has no rank yet must be given one.
            return RANKS[prefix] if prefix != "engine" or length == len(parts) else None
    return None


def test_every_module_has_a_rank() -> None:
    assert [name_of(path) for path in sources("engine", "dashboard") if rank(name_of(path)) is None] == []


def test_nothing_imports_upwards() -> None:
    upward = []
    for path in sources("engine", "dashboard"):
        own = rank(name_of(path))
        assert own is not None
        for line, module in imports(path):
            other = rank(module)
            if module != "engine" and other is not None and other > own:
                upward.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert upward == []


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
    path = tmp_path / "engine" / "models" / "bad.py"
    path.parent.mkdir(parents=True)
    path.write_text("def f():\n    from ..explain import gradcam\n    import streamlit.testing as t\n")
    found = list(imports(path))
    assert found == [(2, "engine.explain"), (2, "engine.explain.methods.cams"), (3, "streamlit.testing")]
    assert rank("engine.explain.methods.cams") == 4
    assert rank(name_of(path)) == 2
    assert rank("engine.newroom.thing") is None
    with pytest.raises(AssertionError):
        test_nothing_imports_upwards()
    with pytest.raises(AssertionError):
        test_the_engine_knows_no_interface()
    path.write_text("import torch\ntorch.load('x')\n")
    with pytest.raises(AssertionError):
        test_nothing_unpickles()


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
    )
    assert names.match("PrivateTest_123.jpg")
    assert [str(path.relative_to(ROOT)) for path in tracked() if names.match(path.name)] == []


def test_the_data_folder_is_ignored() -> None:
    asked = ["data/train/happy/Training_1.jpg", "runs/x/state.safetensors"]
    done = subprocess.run(["git", "check-ignore", *asked], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout.split() == asked
