"""Running an exported model, and comparing it with the one that it was made from."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import CheckpointError, UnknownNameError
from engine.models.export import INPUT, ExportedFile, ExportedGraph

Runner = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], ...]]
"""(B, channels, size, size) float32 in [0, 1] -> logits (B, K) and the gates, all float32."""

_TIMED: Final = 30


@dataclass(frozen=True)
class ExportCheck:
    """How an exported file compares with the model it was made from, on N pictures.

    Attributes:
        pictures: N.
        logits_difference: largest absolute difference of a logit.
        gates_difference: largest absolute difference of a gate's weight; 0 without gates.
        same_answers: share of pictures with the same answer.
        milliseconds: median time for one picture, of the file. torch_milliseconds: of the model in PyTorch.
        threads: that either may use.
    """

    pictures: int
    logits_difference: float
    gates_difference: float
    same_answers: float
    milliseconds: float
    torch_milliseconds: float
    threads: int


def open_exported(file: Path, format: str, *, threads: int = 1) -> Runner:  # noqa: A002 - the option's name
    """Load an exported file to run on the CPU.

    Raises:
        UnknownNameError: no such format. CheckpointError: the file cannot be loaded.
    """
    if format not in ("onnx", "torchscript", "pt2"):
        raise UnknownNameError("format", format, ("onnx", "torchscript", "pt2"))
    try:
        if format == "onnx":
            return _onnx_runner(file, threads)
        if format == "pt2":
            module: Callable[..., tuple[torch.Tensor, ...]] = torch.export.load(str(file)).module()
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # deprecated, see export.py
                module = torch.jit.load(str(file), map_location="cpu")  # type: ignore[no-untyped-call]
    except Exception as error:  # each library raises its own kinds for a damaged file
        raise CheckpointError(
            f"'{file.name}' is not a whole {format} file ({type(error).__name__}); export it again."
        ) from error

    def run(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        with torch.no_grad():
            return tuple(part.numpy() for part in module(torch.from_numpy(pictures)))

    return run


def _onnx_runner(file: Path, threads: int) -> Runner:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda pictures: tuple(session.run(None, {INPUT: pictures}))


def _milliseconds(run: Runner, picture: NDArray[np.float32]) -> float:
    for _ in range(5):
        run(picture)
    times = []
    for _ in range(_TIMED):
        begun = time.perf_counter()
        run(picture)
        times.append(1000.0 * (time.perf_counter() - begun))
    return statistics.median(times)


def check_exported(exported: ExportedFile, graph: ExportedGraph, pictures: NDArray[np.float32]) -> ExportCheck:
    """Run the file and the model on ``pictures`` (N, channels, size, size) float32 in [0, 1] and compare."""
    threads = torch.get_num_threads()
    run = open_exported(exported.path, exported.format, threads=threads)

    def reference(given: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        with torch.no_grad():
            return tuple(part.numpy() for part in graph(torch.from_numpy(given)))

    found, wanted = run(pictures), reference(pictures)
    apart = [float(np.abs(a - b).max()) for a, b in zip(found, wanted, strict=True)]
    return ExportCheck(
        pictures=len(pictures),
        logits_difference=apart[0],
        gates_difference=max(apart[1:], default=0.0),
        same_answers=float((found[0].argmax(1) == wanted[0].argmax(1)).mean()),
        milliseconds=_milliseconds(run, pictures[:1]),
        torch_milliseconds=_milliseconds(reference, pictures[:1]),
        threads=threads,
    )
