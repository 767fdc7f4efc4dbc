"""Write a classifier with its trigger as one file, and leave it only if it computes the same."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import evaluating
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.files.destination import check_destination, writing
from fairprog_core.common.home import user_path
from fairprog_core.deploy.export.check import Parity, compare, lams_to_check, latencies
from fairprog_core.deploy.export.description import describe
from fairprog_core.deploy.export.files import FILE, FileFormat, OnnxFormat, OpenedFile, format_of, trace
from fairprog_core.deploy.export.graph import ExportedGraph, PictureSize, make_graph
from fairprog_core.deploy.export.refusals import check_classifier, check_is_fixed
from fairprog_core.deploy.model import labels_of
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.fixed import FixedTrigger

_MOST_SIDE = 8192  # pixels


@dataclass(frozen=True)
class FileCost:
    """What a file takes.

    Attributes:
        n_bytes: its size.
        milliseconds: median of a pass on one thread, by the number of rows.
    """

    n_bytes: int
    milliseconds: dict[int, float]


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it compares.

    Attributes:
        path: the file.
        format: onnx or torch_export.
        opset: of ONNX.
        inputs: names and shapes of the inputs.
        parity: the largest difference of a logit, for every batch and λ.
        cost: of the file.
        bare: of the classifier alone in the same format; None: not measured.
    """

    path: Path
    format: str
    opset: int | None
    inputs: dict[str, tuple[str | int, ...]]
    parity: tuple[Parity, ...]
    cost: FileCost
    bare: FileCost | None

    @property
    def largest_difference(self) -> float:
        """Of a logit, over all batches and λ."""
        return max(each.difference for each in self.parity)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "path": str(self.path), "format": self.format, "opset": self.opset,
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "largest_difference": self.largest_difference,
            "parity": [each._asdict() for each in self.parity],
            "file": _cost_json(self.cost), "bare": None if self.bare is None else _cost_json(self.bare),
        }  # fmt: skip


class BareFile(NamedTuple):
    """The classifier alone in the same format, to compare with."""

    file: OpenedFile
    graph: ExportedGraph
    n_bytes: int


def export(
    wrapped: Any,
    path: str | Path,
    *,
    format: str = "onnx",  # noqa: A002 - the option's name
    is_lam_fixed: bool = False,
    is_lam_chosen: bool = True,
    opset: int | None = None,
    with_preprocessing: bool | PictureSize = False,
    labels: Sequence[str] = (),
    rows: Any = None,
    is_timed: bool = True,
    bare: BareFile | None = None,
) -> ExportReport:
    """Write a classifier with its trigger as one file that runs without fairprog.

    The file is compared with ``wrapped`` before it is left.

    Args:
        wrapped: what ``trigger.wrap(model)`` returns, on the CPU.
        path: of the file.
        format: ``onnx`` or ``torch_export``.
        is_lam_fixed: whether λ is fixed as it is in ``wrapped``, instead of an input of the graph.
        is_lam_chosen: whether the description names that λ as the one to use; False: it names none.
        opset: of ONNX; None: 18.
        with_preprocessing: whether pictures come as bytes (k, s, s, 3) instead of numbers in [0, 1]; or their height
            and width, to have their largest centred square resized to s × s inside.
        labels: names of the classes, for the description in the file; empty: as the trigger's file says.
        rows: real rows on which the file is compared too: pictures (k, s, s, 3) uint8, or k texts.
        is_timed: whether the file and the bare classifier are timed.
        bare: the file of the bare classifier, see `open_bare`; None: it is written for this.

    Raises:
        ConfigError: an argument or the path is not allowed, or a library is missing.
        ModelError: classifier and trigger cannot be exported, or the file computes something else.
        ArtifactError: the file cannot be written.
    """
    written, path = format_of(format, opset), check_destination(user_path(path), FILE)
    trigger, classifier = _parts(wrapped)
    check_classifier(classifier)
    picture_size = _picture_size(trigger, with_preprocessing)
    fixed = FixedTrigger(trigger, wrapped.lam).lam if is_lam_fixed else None
    graph = make_graph(classifier, trigger, fixed, picture_size=picture_size)
    lams = lams_to_check(trigger, fixed, wrapped.lam)
    opset = written.opset if isinstance(written, OnnxFormat) else None
    with evaluating(graph):
        n_classes = check_is_fixed(graph, lams[0])
        names = tuple(labels) or labels_of(trigger) or tuple(map(str, range(n_classes)))
        chosen = wrapped.lam if is_lam_chosen else None
        texts = describe(graph, names, chosen_lam=chosen, file_format=format, opset=opset)
        program = trace(graph, lams[0])
        with writing(path, FILE) as part:
            written.write(program, graph, part, texts)
            file = written.open(part, graph)
            parity = compare(file, graph, lams, rows=rows)
            n_bytes = part.stat().st_size
            times: list[dict[int, float]] = [{}, {}]
            if is_timed:
                bare = bare or open_bare(classifier, written, picture_size=picture_size)
                times = latencies((file, graph), (bare.file, bare.graph), lam=lams[-1])
            del file
    inputs = {name: graph.axes()[name] for name in graph.input_names}
    return ExportReport(
        path, format, opset, inputs, tuple(parity), FileCost(n_bytes, times[0]),
        FileCost(bare.n_bytes, times[1]) if is_timed and bare is not None else None,
    )  # fmt: skip


def _parts(wrapped: Any) -> tuple[Trigger, Classifier]:
    """Trigger and classifier.

    Raises:
        ConfigError: it is something else, or is not on the CPU.
    """
    trigger, classifier = getattr(wrapped, "trigger", None), getattr(wrapped, "classifier", None)
    if not isinstance(trigger, Trigger) or not isinstance(classifier, Classifier):
        raise ConfigError(f"What is to be exported is {shown(wrapped)}; give what trigger.wrap(model) returns.")
    if classifier.device.type != "cpu":
        raise ConfigError(f"The model is on {classifier.device}; move it to the CPU before it is exported.")
    return trigger.cpu(), classifier


def _picture_size(trigger: Trigger, wanted: bool | PictureSize) -> PictureSize | None:
    """Height and width of pictures that come as bytes; None: they come as numbers, or are texts.

    Raises:
        ConfigError: it is asked for texts, or the size is none.
    """
    if wanted is False:
        return None
    if trigger.options.modality == "text":
        raise ConfigError("Texts come as token ids, and their tokenizer is in the file; leave out with_preprocessing.")
    side = trigger.input_spec["image_size"]
    height, width = (side, side) if wanted is True else wanted
    if not 1 <= min(height, width) <= max(height, width) <= _MOST_SIDE:
        raise ConfigError(
            f"Pictures of {height} × {width} pixels cannot be read; sides from 1 to {_MOST_SIDE} are allowed."
        )
    return height, width


def open_bare(classifier: Classifier, written: FileFormat, *, picture_size: PictureSize | None = None) -> BareFile:
    """Write the classifier alone in a format, and open the file, which is gone afterwards."""
    graph = make_graph(classifier, None, picture_size=picture_size)
    with tempfile.TemporaryDirectory(prefix="fairprog.") as folder:
        path = Path(folder) / f"bare{written.suffix}"
        written.write(trace(graph, 0.0), graph, path, {})
        return BareFile(written.open(path, graph), graph, path.stat().st_size)


def _cost_json(cost: FileCost) -> dict[str, Any]:
    return {
        "bytes": cost.n_bytes,
        "milliseconds": {str(n): round(value, 3) for n, value in cost.milliseconds.items()},
    }
