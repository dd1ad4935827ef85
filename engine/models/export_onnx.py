"""Writing a graph as ONNX, in 32 bit floats or quantised to 8 bit integers."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import CheckpointError

OPSET: Final = 20
_ANY_BATCH: Final = 32
_HEAVY: Final = ("Conv", "Gemm", "MatMul")
_LIGHT: Final = 20_000
"""A layer of fewer weights stays in floats: these are the gates' (whose maps 8 bits would make coarse) and the first
convolution, together about a hundredth of a model."""


def save_onnx(
    graph: nn.Module, example: Tensor, name: str, outputs: tuple[str, ...], file: Path, about: dict[str, str]
) -> None:
    """Write ``graph`` as one ONNX file whose batch size is free; ``about`` becomes its metadata."""
    import onnx

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad():
        program = torch.onnx.export(
            graph,
            (example,),
            input_names=[name],
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1024)},),
            verbose=False,
        )
    if program is None:  # which PyTorch returns only where it is asked to write the file itself
        raise CheckpointError("Expected an ONNX program from PyTorch, got none; choose another format.")
    proto = program.model_proto
    del proto.metadata_props[:]  # the exporter's own would name files of this machine
    onnx.helper.set_model_props(proto, about)
    onnx.save_model(proto, str(file))


def _light(proto: Any) -> list[str]:
    """Return the names of the layers that stay in floats."""
    sizes = {weights.name: int(np.prod(weights.dims)) for weights in proto.graph.initializer}
    heavy = [node for node in proto.graph.node if node.op_type in _HEAVY]
    return [node.name for node in heavy if max(sizes.get(name, 0) for name in node.input) < _LIGHT]


def quantise_onnx(source: Path, file: Path, pictures: NDArray[np.float32], name: str) -> None:
    """Write the ONNX model ``source`` to ``file`` with 8 bit weights and activations where the weights are many.

    Static, per channel. The ranges of activations are those that ``pictures`` cause, (N, channels, size, size) float32
    in [0, 1].
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
        def __init__(self) -> None:
            self._parts: Iterator[NDArray[np.float32]] = iter(
                np.split(pictures, range(_ANY_BATCH, len(pictures), _BATCH))
            )

        def get_next(self) -> dict[str, Any] | None:
            part = next(self._parts, None)
            return None if part is None else {name: part}

    about = {prop.key: prop.value for prop in onnx.load_model(str(source)).metadata_props}
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        ready = Path(folder) / "ready.onnx"
        # Symbolic shapes fail on a free batch size; the others are known without.
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(file),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_HEAVY),
            nodes_to_exclude=_light(onnx.load_model(str(ready))),
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
    proto = onnx.load_model(str(file))
    onnx.helper.set_model_props(proto, about)
    onnx.save_model(proto, str(file))
