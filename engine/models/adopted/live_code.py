"""The code of a network that cannot be stored without it: where it lies, what it was, and how it is run.

``code.json`` names the Python file, what to call in it with which arguments, and the sha256 of that file and of every
file beside it that it imported. Nothing is run before all of them were read and compared; what is run are the bytes
that were compared, neither a file that changed meanwhile nor one that Python compiled earlier. What FERLens cannot
compare is what the code imports from installed packages, and what it does: it runs with all rights of the process.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from torch import nn

from engine.documents import BAD_VALUES, parse_document
from engine.errors import CheckpointError, NetworkError

CODE: Final = "code.json"
VERSION: Final = 1
MOST_BYTES: Final = 2**20
"""Of ``code.json``."""
_ARGUMENTS: Final = 120  # characters of an error of the network's own, in a message
_loading = threading.Lock()


@dataclass(frozen=True)
class LiveCode:
    """What builds a network.

    Attributes:
        file: the whole path of the Python file. name: the class, or whatever is called, in it.
        sha256: of that file. arguments: of the call. beside: file beside it, from its folder → sha256.
        gates, no_gates, layer: how what is found in the network was corrected.
    """

    file: str
    name: str
    sha256: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[str, ...] = ()
    no_gates: tuple[str, ...] = ()
    layer: str | None = None

    @property
    def shown(self) -> str:
        """The file as a message bears it."""
        return Path(self.file).name

    def to_json(self) -> bytes:
        """Return what ``code.json`` holds."""
        return (json.dumps({"version": VERSION, **vars(self)}, indent=1, sort_keys=True) + "\n").encode()


def read_code(data: bytes, name: str) -> LiveCode:
    """Read ``code.json``; nothing that it names is opened.

    Raises:
        CheckpointError: it says what none may say. ``name`` is the checkpoint's, for the message.
    """
    try:
        said = parse_document(data)
        if said.pop("version") != VERSION:
            raise ValueError("it is of another version")
        code = LiveCode(**{**said, "gates": tuple(said["gates"]), "no_gates": tuple(said["no_gates"])})
        words = (code.file, code.name, code.sha256, *code.beside, *code.beside.values(), *code.gates, *code.no_gates)
        if not all(isinstance(word, str) for word in words) or not isinstance(code.layer, str | None):
            raise TypeError("expected words")
        if not isinstance(code.arguments, dict) or not all(_is_below(path) for path in code.beside):
            raise ValueError("expected arguments by name, and files beside the first")
    except BAD_VALUES as error:
        raise CheckpointError(
            f"The {CODE} of '{name}' is damaged ({str(error)[:_ARGUMENTS]}); import the network again."
        ) from error
    return code


def _is_below(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


def recorded(source: str, arguments: Mapping[str, Any]) -> tuple[LiveCode, nn.Module]:
    """Run a Python file's code, which is trusted, and return what builds the network, and the network, untrained.

    Args:
        source: ``FILE.py:NAME``. arguments: of the call.

    Raises:
        NetworkError: it cannot be run or built. CheckpointError: there is no such file.
    """
    path, _, name = source.rpartition(":")
    file = Path(path).resolve()
    used: dict[str, bytes] = {}
    data = _read(file)
    net = _run(file, data, name, arguments, _Beside(file.parent, None, used))
    beside = {key: _sha256(value) for key, value in sorted(used.items())}
    return LiveCode(str(file), name, _sha256(data), dict(arguments), beside), net


def rebuilt(code: LiveCode, name: str) -> nn.Module:
    """Build the network anew, untrained, once all of its code was compared with what it was.

    Raises:
        CheckpointError: code is missing or changed, and nothing was run. NetworkError: it cannot be run or built.
        ``name`` is the checkpoint's, for the message.
    """
    file = Path(code.file)
    data = _compared(file, code.sha256, name)
    beside = {path: _compared(file.parent / path, wanted, name) for path, wanted in code.beside.items()}
    return _run(file, data, code.name, code.arguments, _Beside(file.parent, beside, {}))


def _compared(file: Path, wanted: str, name: str) -> bytes:
    data = _read(file)
    if _sha256(data) != wanted:
        raise CheckpointError(
            f"'{file.name}' is not the code that '{name}' was imported with (sha256 differs), so nothing of it was "
            "run; look at what changed, and import the network again where it is well."
        )
    return data


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"The code '{file.name}' is not where it was when the network was imported; put it back, or import the "
            "network again."
        ) from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Bytes(SourceLoader):
    """Loads a module from bytes that are at hand; what Python compiled earlier is not looked at."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data = str(path), data

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - the interface's
        return self._path

    def get_data(self, path: str | bytes) -> bytes:
        if str(path) != self._path:
            raise OSError("only the module itself is here")
        return self._data


class _Beside(MetaPathFinder):
    """Finds modules beside a file.

    Args:
        root: the file's folder.
        known: path below it → bytes; None: whatever lies there.
        used: gets what was imported.
    """

    def __init__(self, root: Path, known: Mapping[str, bytes] | None, used: dict[str, bytes]) -> None:
        self.root, self.known, self.used = root, known, used
        self.names: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module by its whole name."""
        del path, target
        below = fullname.replace(".", "/")
        for key, is_package in ((f"{below}/__init__.py", True), (f"{below}.py", False)):
            data = self._data(key)
            if data is not None:
                self.used[key] = data
                self.names.append(fullname)
                return spec_from_loader(fullname, _Bytes(self.root / key, data), is_package=is_package)
        if any(key.startswith(f"{below}/") for key in self._keys()) or (
            self.known is None and (self.root / below).is_dir() and any((self.root / below).glob("*.py"))
        ):
            self.names.append(fullname)
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(self.root / below)]
            return spec
        return None

    def _keys(self) -> Iterator[str]:
        yield from self.known or ()

    def _data(self, key: str) -> bytes | None:
        if self.known is not None:
            return self.known.get(key)
        file = self.root / key
        return file.read_bytes() if file.is_file() else None


@contextmanager
def _found_by(finder: _Beside) -> Iterator[None]:
    """Let imports find what lies beside a file; afterwards no module of it is left where others would find it."""
    with _loading:
        before = dict(sys.modules)
        tops = {key.partition("/")[0].removesuffix(".py") for key in finder.known or ()}
        tops |= {path.stem for path in finder.root.iterdir()} if finder.known is None else set()
        mine = {name for name in before if name.partition(".")[0] in tops and _lies_in(before[name], finder.root)}
        hidden = {name: sys.modules.pop(name) for name in mine}
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            for name in finder.names:
                sys.modules.pop(name, None)
            sys.modules.update(hidden)


def _lies_in(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).parent.is_relative_to(root)


def _run(file: Path, data: bytes, name: str, arguments: Mapping[str, Any], finder: _Beside) -> nn.Module:
    own = f"ferlens_live_{_sha256(data)[:16]}"
    spec = spec_from_loader(own, _Bytes(file, data))
    module = module_from_spec(spec)  # type: ignore[arg-type]  # a loader was given
    with _found_by(finder), redirect_stdout(sys.stderr):  # a command's output is its own
        sys.modules[own] = module  # dataclasses look themselves up there
        try:
            spec.loader.exec_module(module)  # type: ignore[union-attr]
            made = getattr(module, name)
            net = made if isinstance(made, nn.Module) else made(**arguments)
        except BaseException as error:  # someone's file may raise anything, and may exit
            sys.modules.pop(own, None)
            what = (str(error).strip().splitlines() or [""])[0]
            raise NetworkError(
                f"'{file.name}' cannot be run ({type(error).__name__}: {what[:_ARGUMENTS]}); mend it, and import the "
                "network again."
            ) from error
    if not isinstance(net, nn.Module):
        raise NetworkError(f"'{file.name}:{name}' gives a {type(net).__name__} and no nn.Module.")
    return net
