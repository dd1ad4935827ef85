"""Where a network can come from: ``timm:NAME``, ``torchvision:NAME``, or a class in a Python file, ``net.py:Class``.

The first two are built by libraries that are installed. A file's code runs where this is called, so the command calls
it in a child process, and only when it is told that the code is to be trusted.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from torch import nn

from engine.errors import CheckpointError, NetworkError, UsageError
from engine.extras import extra
from engine.models.foreign_weights import PREFIXES, fit_of, lay_on, read_weights

LIBRARIES: Final = ("timm", "torchvision")
_NAME: Final = re.compile(r"[A-Za-z]\w*(\.\w+)?", re.ASCII)
_LOADING: Final = frozenset(
    ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir", "weights")
)
"""Arguments by which a library would fetch or read weights of its own accord."""

_OTHERS: Final = {
    ".h5": "Keras files are not read; export the network to PyTorch, or rebuild it there and bring its weights",
    ".keras": "Keras files are not read; export the network to PyTorch, or rebuild it there and bring its weights",
    ".onnx": "ONNX files are not read, as the gates in them have no names; bring the PyTorch network it was made from",
    ".tflite": "TensorFlow Lite files are not read; bring the network as PyTorch",
    ".pb": "TensorFlow files are not read; bring the network as PyTorch",
    ".pt2": "exported programs are not read, as reading them would run code; bring the network that it was made from",
}


def is_code(source: str) -> bool:
    """Whether a source is a class in a Python file, whose code would run."""
    return source.partition(":")[0] not in LIBRARIES


def check_source(source: str, weights: Path | None) -> None:
    """Check the words before anything is built.

    Raises:
        UsageError: no network can come from there. CheckpointError: there is no such file of weights.
    """
    kind, _, name = source.partition(":")
    for path in (Path(source), Path(kind), *((weights,) if weights is not None else ())):
        if path.suffix.lower() in _OTHERS:
            raise UsageError(f"'{path.name}': {_OTHERS[path.suffix.lower()]}.")
    if weights is not None and not weights.is_file():
        raise CheckpointError(
            f"There is no weights file '{weights.name}'; give the path of a .safetensors or .pth file."
        )
    if kind in LIBRARIES:
        if not _NAME.fullmatch(name):
            raise UsageError(f"Expected {kind}:NAME with the name of one of its networks, got '{source[:80]}'.")
        if weights is None:
            raise UsageError(f"A network of {kind} has no training of yours; name its weights with --weights FILE.")
        return
    path, _, name = source.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise UsageError(
            f"Expected timm:NAME, torchvision:NAME or FILE.py:CLASS, got '{Path(source).name[:80]}'; a file of weights "
            "alone goes to --weights."
        )
    if not Path(path).is_file():
        raise UsageError(f"There is no file '{Path(path).name}'; give the path of the Python file that holds {name}.")


def build(source: str, *, classes: int, channels: int, arguments: Mapping[str, Any]) -> nn.Module:
    """Build a network, untrained; of a Python file this runs its code.

    Args:
        source: as :func:`check_source` takes it.
        classes: K. channels: of the pictures; a library's network is built for both unless ``arguments`` say otherwise.
        arguments: of the network's constructor.

    Raises:
        UsageError: an argument that a library would load by. NetworkError: it cannot be built.
    """
    kind, _, name = source.partition(":")
    if kind not in LIBRARIES:
        return _of_file(source, arguments)
    loading = _LOADING & arguments.keys()
    if loading:
        raise UsageError(f"'{min(loading)}' in --args would load weights; name them with --weights FILE.")
    if kind == "timm":
        timm = extra("timm", "timm", "Networks of timm need it")
        own = {"num_classes": classes, "in_chans": channels}
        return _made(source, timm.create_model, name, pretrained=False, **{**own, **arguments})
    from torchvision import models

    return _made(source, models.get_model, name, weights=None, **{"num_classes": classes, **arguments})


def _made(source: str, make: Callable[..., Any], *args: Any, **kwargs: Any) -> nn.Module:
    try:
        made = make(*args, **kwargs)
    except Exception as error:  # whatever a library, or someone's constructor, raises
        what = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise NetworkError(
            f"'{shown(source)}' cannot be built ({type(error).__name__}: {what[:160]}); its arguments go to --args as "
            "JSON, for example --args '{\"num_classes\": 7}'."
        ) from error
    if not isinstance(made, nn.Module):
        raise NetworkError(
            f"'{shown(source)}' gives a {type(made).__name__} and no nn.Module; name the network's class."
        )
    return made


def shown(source: str) -> str:
    """Return a source without the folders of a file."""
    return f"{Path(source.rpartition(':')[0]).name}:{source.rpartition(':')[2]}" if is_code(source) else source


def _of_file(source: str, arguments: Mapping[str, Any]) -> nn.Module:
    path, _, name = source.rpartition(":")
    file = Path(path).resolve()
    sys.path.insert(0, str(file.parent))  # what lies beside it, it may import
    try:
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]  # a .py file has one
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    except BaseException as error:  # someone's file may raise anything, and may exit
        what = (str(error).strip().splitlines() or [""])[0]
        raise NetworkError(f"'{file.name}' cannot be run ({type(error).__name__}: {what[:160]}).") from error
    found = getattr(module, name, None)
    if found is None:
        known = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, nn.Module)]
        raise NetworkError(f"'{file.name}' holds no '{name}'; its networks: {', '.join(known) or 'none'}.")
    return found if isinstance(found, nn.Module) else _made(source, found, **arguments)


def lay_weights(net: nn.Module, file: Path) -> None:
    """Fill a network with the weights of a file, read without running anything of it.

    Raises:
        CheckpointError: they cannot be read, or do not fit; the message names what does not.
    """
    tensors = read_weights(file)
    if not fit_of(net, tensors).taken:
        # a prefix that was taken for a wrapper's may be the network's own
        for prefix in PREFIXES:
            named = {f"{prefix}{key}": value for key, value in tensors.items()}
            if fit_of(net, named).taken:
                tensors = named
                break
    lay_on(net, tensors, source=f"'{file.name}'", may_miss=lambda key: key.endswith("num_batches_tracked"))
