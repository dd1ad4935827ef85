"""A trained model as one graph for other programs: pixels in, logits and every attention gate out.

The graph holds the input's normalisation, so that a phone needs to know nothing but the size; each gate is an output of
its own beside the logits. Made from a copy: the model that is given is not touched.

Writing a graph as ONNX, in 32 bit floats or quantised to 8 bit integers.
"""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import CheckpointError, FerLensError, UnknownNameError
from engine.models.adopted.network import AdoptedModel
from engine.models.copying import copied
from engine.models.taps import AttentionTap, as_recorded, edit_attention, taps_of
from engine.records import InputSpec

OPSET: Final = 20

_CALIBRATION: Final = 32

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
                np.split(pictures, range(_CALIBRATION, len(pictures), _CALIBRATION))
            )

        def get_next(self) -> dict[str, Any] | None:
            part = next(self._parts, None)
            return None if part is None else {name: part}

    about = {prop.key: prop.value for prop in onnx.load_model(str(source)).metadata_props}
    try:
        with tempfile.TemporaryDirectory(prefix="ferlens-") as folder:
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
    except OSError:
        raise
    except Exception as error:  # whatever onnxruntime's quantiser raises
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"onnxruntime cannot write this network with 8 bit weights ({said[:160]}); leave --int8 out."
        ) from error
    proto = onnx.load_model(str(file))
    onnx.helper.set_model_props(proto, about)
    onnx.save_model(proto, str(file))


INPUT: Final = "pictures"
LOGITS: Final = "logits"


class _Collecting(nn.Module):
    """Stands in for a tap: passes its weights on, and hands them to a mapping that the exporter reads."""

    def __init__(self, tap: AttentionTap, into: dict[str, Tensor]) -> None:
        super().__init__()
        self._layer, self._kind = tap.layer, tap.kind
        self._into = into

    def forward(self, weights: Tensor) -> Tensor:
        self._into[self._layer] = as_recorded(self._kind, weights)
        return weights


class ExportedGraph(nn.Module):
    """What is written: (B, channels, size, size) float32 in [0, 1] -> logits (B, K), then each gate.

    Gates are as :class:`engine.models.taps.RecordedGate` has them, in the order of :func:`output_names`: (B, C) if it
    is a channel gate, (B, h, w) if spatial, (B, queries, keys) if cross... A network of others gives its gates, too.

    Args:
        model: left as it is; a copy in eval mode on the CPU is taken.
        spec: its input.
    """

    def __init__(self, model: nn.Module, spec: InputSpec) -> None:
        super().__init__()
        self._gates: dict[str, Tensor] = {}
        self._names = output_names(model)[1:]
        self.net = copied(model).cpu().float().eval()
        for parent in list(self.net.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, AttentionTap):
                    setattr(parent, name, _Collecting(child, self._gates))
        shape = (1, spec.channels, 1, 1)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(spec.mean).reshape(shape))
        self.register_buffer("std", torch.tensor(spec.std).reshape(shape))
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return the logits and the gates."""
        self._gates.clear()
        try:
            with edit_attention({}):  # a network of others looks at its gates only while somebody listens
                logits: Tensor = self.net((pictures - self.mean) / self.std)
            return (logits, *(self._gates[name] for name in self._names))
        finally:
            self._gates.clear()


Program = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class ExportedFile:
    """What was written.

    Attributes:
        path, format: the file and its kind.
        outputs: the names of the graph's outputs, in order.
        program: what was written, still in memory, where the format holds pickled parts: FERLens loads no such file,
            not even its own. None for ONNX, whose file is read back.
    """

    path: Path
    format: str
    outputs: tuple[str, ...]
    program: Program | None = None


_BATCH: Final = ({0: torch.export.Dim("batch", min=1, max=1024)},)
"""The batch size is free."""


def _check_any_batch(traced: Program, graph: ExportedGraph, example: Tensor) -> None:
    """Refuse a trace in which the example's number of pictures stayed, as that of a stored graph that asks for it."""
    more = torch.cat([example, example[:1]])
    wanted = graph(more)
    try:
        found = traced(more)
    except RuntimeError:
        found = ()
    alike = len(found) == len(wanted) and all(a.shape == b.shape for a, b in zip(found, wanted, strict=True))
    if not (alike and all(torch.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(found, wanted, strict=True))):
        raise CheckpointError(
            f"TorchScript would hold this network to {len(example)} pictures at a time; choose another format, onnx or "
            "pt2."
        )


def _torchscript(graph: ExportedGraph, example: Tensor, file: Path, about: dict[str, str]) -> Program:
    with torch.no_grad(), warnings.catch_warnings():
        # PyTorch deprecates TorchScript; phones and servers that read nothing else are why it is offered.
        warnings.simplefilter("ignore", FutureWarning)
        # What a pass checks of its shapes stays out of the file; whether that matters is tried below.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # public by its docs
        traced: Any = torch.jit.freeze(torch.jit.trace(graph, example, check_trace=False))  # type: ignore[no-untyped-call]
        _check_any_batch(traced, graph, example)
        data = io.BytesIO()  # PyTorch's own file ends the process where the disk is full
        torch.jit.save(traced, data, _extra_files={key: value.encode() for key, value in about.items()})
        file.write_bytes(data.getbuffer())
    written: Program = traced
    return written


def _pt2(graph: ExportedGraph, example: Tensor, file: Path, about: dict[str, str]) -> Program:
    with torch.no_grad():
        program = torch.export.export(graph, (example,), dynamic_shapes=_BATCH)
    data = io.BytesIO()
    torch.export.save(program, data, extra_files=dict(about))
    file.write_bytes(data.getbuffer())
    return program.module()


FORMATS: Final[dict[str, str]] = {"onnx": ".onnx", "torchscript": ".pt", "pt2": ".pt2"}
"""Format -> ending of its files."""


def output_names(model: nn.Module) -> tuple[str, ...]:
    """Return ``logits`` and the names of the model's gates, in the order of its taps."""
    return (LOGITS, *(tap.layer for tap in taps_of(model)))


def export_model(model: nn.Module, spec: InputSpec, file: Path, *, format: str, about: dict[str, str]) -> ExportedFile:  # noqa: A002 - the option's name
    """Write ``model`` to ``file``, whose folder exists; ``about`` goes into the file as its metadata.

    Raises:
        UnknownNameError: no such format.
        CheckpointError: a network of others cannot be written in this one.
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    graph = ExportedGraph(model, spec).eval()
    # Two pictures: a batch of one would be taken for a fixed size.
    example = torch.rand(2, spec.channels, spec.height, spec.width, generator=torch.Generator().manual_seed(0))
    outputs = output_names(model)
    try:
        if format == "onnx":
            save_onnx(graph, example, INPUT, outputs, file, about)
            return ExportedFile(file, format, outputs)
        write = {"torchscript": _torchscript, "pt2": _pt2}[format]
        return ExportedFile(file, format, outputs, write(graph, example, file, about))
    except (OSError, FerLensError):
        raise
    except Exception as error:  # whatever PyTorch's exporters raise, of which there is no list
        if not isinstance(graph.net, AdoptedModel):
            raise  # ours can be exported: this is a fault
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        others = " or ".join(name for name in FORMATS if name != format)
        raise CheckpointError(
            f"PyTorch cannot write this network as {format} ({said[:160]}); choose another format, {others}."
        ) from error
