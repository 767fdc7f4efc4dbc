"""The exported file: written, read back, and run; in each of both formats.

Notation: k rows, c classes.
"""

import json
import logging
import warnings
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.export import ExportedProgram

from fairprog_core.classifiers.predict import evaluating
from fairprog_core.common.errors import ConfigError, size
from fairprog_core.common.files.destination import Product
from fairprog_core.deploy.export.graph import OUTPUT, ExportedGraph
from fairprog_core.deploy.export.refusals import check_packages, explaining

FORMAT = "fairprog.export/1"
ABOUT = "fairprog"  # key of the description in an ONNX file's metadata
TOKENIZER = "tokenizer.json"  # key of the tokenizer
OPSET, OPSETS = 18, (18, 24)  # the one that is written unless another is asked for; the lowest and highest
MOST_ONNX = 1_900_000_000  # bytes of weights; a protobuf holds at most 2 GB
_LOUD = ("torch.onnx", "torch.export", "torch._export", "torch.fx", "onnxscript", "onnx_ir", "onnxruntime")


class FileFormat(ABC):
    """A format: how a graph is written, and how the file is run."""

    suffix: ClassVar[str]
    runtime: ClassVar[str]

    @abstractmethod
    def write(self, program: ExportedProgram, graph: ExportedGraph, path: Path, texts: Mapping[str, str]) -> None:
        """Write a program with texts by their keys."""

    @abstractmethod
    def open(self, path: Path, graph: ExportedGraph) -> "OpenedFile":
        """Open the file, for one thread on the CPU."""


class OpenedFile(ABC):
    """A file that is ready to run."""

    @abstractmethod
    def __call__(self, inputs: tuple[Tensor, ...]) -> NDArray[np.float32]:
        """Inputs in their order -> logits (k, c)."""


class OnnxFormat(FileFormat):
    """ONNX, run by ONNX Runtime."""

    suffix, runtime = ".onnx", "ONNX Runtime"

    def __init__(self, opset: int = OPSET) -> None:
        check_packages()
        if not OPSETS[0] <= opset <= OPSETS[1]:
            raise ConfigError(f"The opset is {opset}; allowed are {OPSETS[0]} to {OPSETS[1]}.")
        self.opset = opset

    def write(self, program: ExportedProgram, graph: ExportedGraph, path: Path, texts: Mapping[str, str]) -> None:
        weights = sum(value.numel() * value.element_size() for value in program.state_dict.values())
        if weights > MOST_ONNX:
            raise ConfigError(
                f"The weights take {size(weights)}, an ONNX file holds 2 GB at most; choose the format torch_export."
            )
        with explaining("the ONNX exporter of torch"), quietly():
            written = torch.onnx.export(
                program, (), input_names=list(graph.input_names), output_names=[OUTPUT], opset_version=self.opset,
                dynamo=True, verbose=False, external_data=False,
            )  # fmt: skip
        assert written is not None
        model: Any = written.model_proto
        _name_axes(model, graph)
        _forget_sources(model)
        model.producer_name = "fairprog"
        for key, text in texts.items():
            model.metadata_props.add(key=key, value=text)
        path.write_bytes(model.SerializeToString(deterministic=True))

    def open(self, path: Path, graph: ExportedGraph) -> OpenedFile:
        return _OnnxSession(path, graph)


class _OnnxSession(OpenedFile):
    def __init__(self, path: Path, graph: ExportedGraph) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        with explaining("ONNX Runtime"):
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._names = graph.input_names

    def __call__(self, inputs: tuple[Tensor, ...]) -> NDArray[np.float32]:
        given = {name: value.numpy() for name, value in zip(self._names, inputs, strict=True)}
        with explaining("ONNX Runtime"):
            logits: NDArray[np.float32] = self._session.run([OUTPUT], given)[0]
        return logits


class TorchFormat(FileFormat):
    """torch.export's own file, run by torch without fairprog."""

    suffix, runtime = ".pt2", "torch"

    def write(self, program: ExportedProgram, graph: ExportedGraph, path: Path, texts: Mapping[str, str]) -> None:
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # paths of this machine
        program.example_inputs = None  # three random rows
        with explaining("torch.export.save"), quietly(), path.open("wb") as file:
            torch.export.save(program, file, extra_files=dict(texts))

    def open(self, path: Path, graph: ExportedGraph) -> OpenedFile:
        with explaining("torch.export.load"), quietly():
            return _TorchProgram(torch.export.load(path))


class _TorchProgram(OpenedFile):
    def __init__(self, program: ExportedProgram) -> None:
        self._module = program.module()

    def __call__(self, inputs: tuple[Tensor, ...]) -> NDArray[np.float32]:
        with explaining("the exported program"), torch.no_grad():
            logits: NDArray[np.float32] = self._module(*inputs).numpy()
        return logits


def trace(graph: ExportedGraph, lam: float) -> ExportedProgram:
    """The program of a graph, for any number of rows.

    Raises:
        ModelError: torch.export cannot follow it.
    """
    inputs = graph.with_lam(graph.random_inputs(3, torch.Generator().manual_seed(1)), lam)
    with evaluating(graph), torch.no_grad(), explaining("torch.export"), quietly():
        graph(*inputs)  # what is made at the first call and kept is made for real
        return torch.export.export(graph, inputs, dynamic_shapes=(graph.dynamic_shapes(),), strict=False)


def read_texts(path: Path) -> dict[str, str]:
    """The texts in an exported file, by their keys; for tests and for finding out what a file is."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            names = [name for name in file.namelist() if Path(name).name in (ABOUT, TOKENIZER)]
            return {Path(name).name: file.read(name).decode() for name in names}
    import onnx

    model = onnx.load(path, load_external_data=False)
    return {each.key: each.value for each in model.metadata_props}


def _is_own(path: Path) -> bool:
    try:
        about = json.loads(read_texts(path).get(ABOUT, "null"))
    except Exception:  # noqa: BLE001 - onnx raises exceptions of any type for what is no model
        return False
    return isinstance(about, dict) and about.get("format") == FORMAT


FILE = Product("a graph that fairprog exported", _is_own)


def _name_axes(model: Any, graph: ExportedGraph) -> None:
    """Give the free dimensions of inputs and output their names, in place of numbered ones."""
    shapes = graph.axes()
    new: dict[str, str] = {}
    for value in model.graph.input:
        for dim, name in zip(value.type.tensor_type.shape.dim, shapes[value.name], strict=True):
            if isinstance(name, str):
                new[dim.dim_param] = name
    for value in (*model.graph.input, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = new.get(dim.dim_param, dim.dim_param)
    del model.graph.value_info[:]


def _forget_sources(model: Any) -> None:
    """Remove what the exporter notes of source files, with paths of this machine."""
    for part in (model.graph, *model.functions):
        del part.metadata_props[:]
        for node in part.node:
            del node.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]


@contextmanager
def quietly() -> Iterator[None]:
    """Silence the notes of torch's exporters; the file is checked in any case."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


def format_of(name: str, opset: int | None) -> FileFormat:
    """The format of a name.

    Raises:
        ConfigError: there is none, a library is missing, or the opset does not fit.
    """
    if name == "onnx":
        return OnnxFormat(OPSET if opset is None else opset)
    if name != "torch_export":
        raise ConfigError(f"There is no format {name!r}; choose onnx or torch_export.")
    if opset is not None:
        raise ConfigError("An opset belongs to the format onnx; leave it out for torch_export.")
    return TorchFormat()


FORMATS: Sequence[str] = ("onnx", "torch_export")
