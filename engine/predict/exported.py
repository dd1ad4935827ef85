"""Running an exported model, and comparing it with the one that it was made from."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import CheckpointError
from engine.models.export import INPUT, ExportedFile, ExportedGraph, Program

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


def open_onnx(file: Path, *, threads: int = 1) -> Runner:
    """Load an exported ONNX file to run on the CPU.

    Raises:
        CheckpointError: the file cannot be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many kinds for a damaged file
        raise CheckpointError(
            f"'{file.name}' is not a whole ONNX file ({type(error).__name__}); export it again."
        ) from error

    def run(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        try:
            return tuple(session.run(None, {INPUT: pictures}))
        except Exception as error:  # an operation may fail on these sizes, with errors of onnxruntime's own
            raise _cannot_run("ONNX", error) from error

    return run


def _cannot_run(what: str, error: Exception) -> CheckpointError:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return CheckpointError(f"What was exported as {what} cannot be run ({said[:160]}); choose another --format.")


def _in_torch(program: Program) -> Runner:
    def run(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        try:
            with torch.no_grad():
                return tuple(part.numpy() for part in program(torch.from_numpy(pictures)))
        except RuntimeError as error:
            raise _cannot_run("a program of PyTorch", error) from error

    return run


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
    """Run what was exported and the model on ``pictures`` (N, channels, size, size) float32 in [0, 1] and compare."""
    threads = torch.get_num_threads()
    run = open_onnx(exported.path, threads=threads) if exported.program is None else _in_torch(exported.program)
    reference = _in_torch(graph)
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
