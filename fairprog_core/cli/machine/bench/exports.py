"""Exports every kind of trigger in front of several classifiers, and says what each file costs, or why there is none.

The triggers have random values at every anchor; ResNet-18 and the ViT have random weights, which change no time.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS, BlackBoxOptions, ImageModelOptions, ResNet18Options
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.common.errors import FairprogError, size
from fairprog_core.common.registry import build
from fairprog_core.data.base import Split
from fairprog_core.deploy.export.export import BareFile, ExportReport, export, open_bare
from fairprog_core.deploy.export.files import FORMATS, format_of
from fairprog_core.results.run_folder import shipped_runs
from fairprog_core.results.trained import read_base
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger

SUITE = "export"
ANCHOR_LAMS, LAM = (0.0, 0.3, 3.0, 30.0), 2.0
SIDE = 128  # of ResNet-18 and the ViT
VIT_TINY: dict[str, Any] = {
    "hidden_size": 192,
    "num_hidden_layers": 12,
    "num_attention_heads": 3,
    "intermediate_size": 768,
}
LABELS = ("no", "yes")
HEAD = (
    "| classifier | trigger | format | largest difference of a logit | size (alone) | 1 row, ms (alone) "
    "| 64 rows, ms (alone) |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


@dataclass(frozen=True)
class ExportTrial:
    """One export.

    Attributes:
        classifier: its name.
        trigger: registry key.
        file_format: onnx or torch_export.
        report: what was written; None: it was refused.
        reason: why.
    """

    classifier: str
    trigger: str
    file_format: str
    report: ExportReport | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values, without the path."""
        about = {} if self.report is None else self.report.to_json()
        about.pop("path", None)
        return {
            "classifier": self.classifier, "trigger": self.trigger, "format": self.file_format, "reason": self.reason,
        } | about  # fmt: skip


def export_all(
    *, nets: Sequence[str] = (), kinds: Sequence[str] = tuple(TRIGGERS), formats: Sequence[str] = FORMATS
) -> Iterator[ExportTrial]:
    """Export every kind of trigger in front of every classifier of its modality, in every format.

    Args:
        nets: keys of `NETS`; empty: all.
        kinds: registry keys of triggers.
        formats: of the files.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog.") as folder:
        for name in nets or NETS:
            classifier = NETS[name](Path(folder))
            bare: dict[str, BareFile] = {}
            fitting = [kind for kind in kinds if _fits(kind, classifier)]
            for kind in fitting[:1] if name in REFUSED else fitting:
                trigger = _trigger(kind, classifier)
                for file_format in formats:
                    try:
                        if name not in REFUSED and file_format not in bare:
                            bare[file_format] = open_bare(classifier, format_of(file_format, None))
                        report = export(
                            trigger.wrap(classifier, lam=LAM, is_checked=False), Path(folder) / "out",
                            format=file_format, labels=LABELS, bare=bare.get(file_format),
                        )  # fmt: skip
                    except FairprogError as error:
                        yield ExportTrial(name, kind, file_format, None, str(error))
                        continue
                    (Path(folder) / "out").unlink()
                    yield ExportTrial(name, kind, file_format, report)


def table_row(trial: ExportTrial) -> str:
    """A line of the table under `HEAD`."""
    start = f"| {trial.classifier} | {trial.trigger} | {trial.file_format} |"
    if (report := trial.report) is None:
        return f"{start} refused: {trial.reason} | | | |"
    assert report.bare is not None
    times = [f"{report.cost.milliseconds[n]:.3g} ({report.bare.milliseconds[n]:.3g})" for n in report.cost.milliseconds]
    sizes = f"{size(report.cost.n_bytes)} ({size(report.bare.n_bytes)})"
    return f"{start} {report.largest_difference:.1g} | {sizes} | {' | '.join(times)} |"


def bench_rows(trials: Sequence[ExportTrial]) -> list[BenchRow]:
    """Milliseconds of a file with its trigger against the classifier alone, by number of rows."""
    return [
        BenchRow.paired(
            f"{SUITE}/{trial.classifier.lower().replace(' ', '-')}-{trial.trigger}-{trial.file_format}-{n}", "ms",
            [milliseconds], [report.bare.milliseconds[n]],
            work=f"{n} rows through the file of {trial.classifier} with {trial.trigger}; reference: without a trigger",
        )
        for trial in trials
        if (report := trial.report) is not None and report.bare is not None
        for n, milliseconds in report.cost.milliseconds.items()
    ]  # fmt: skip


def details(trials: Sequence[ExportTrial]) -> dict[str, Any]:
    """The figures as JSON values."""
    return {"exports": [trial.to_json() for trial in trials]}


def _fits(kind: str, classifier: Classifier) -> bool:
    return (TRIGGERS[kind].options.modality == "text") == ("vocabulary" in classifier.input_spec)


def _trigger(kind: str, classifier: Classifier) -> Trigger:
    """A trigger with other values at every anchor."""
    trigger: Trigger = build(
        TRIGGERS, TRIGGERS[kind].options.parse({}), anchor_lams=ANCHOR_LAMS, seed=0, **classifier.input_spec
    )
    trigger.attach_to(classifier)
    with torch.no_grad():
        trigger.anchors.normal_(generator=torch.Generator().manual_seed(0))
    return trigger


def _shipped(study: str, folder: Path) -> Classifier:
    return read_base(shipped_runs()[study])


def _resnet(folder: Path) -> Classifier:
    return _new(ResNet18Options())


def _vit(folder: Path) -> Classifier:
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    names: dict[str, Any] = {
        "id2label": dict(enumerate(LABELS)),
        "label2id": {name: i for i, name in enumerate(LABELS)},
    }
    ViTForImageClassification(ViTConfig(**VIT_TINY, **names, image_size=SIDE)).save_pretrained(folder / "vit")
    ViTImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder / "vit")
    return _new(ImageModelOptions(model=str(folder / "vit")))


def _script(folder: Path) -> Classifier:
    net = nn.Sequential(nn.Conv2d(3, 8, 3, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    torch.jit.script(net.eval()).save(str(folder / "net.pt"))  # type: ignore[no-untyped-call]
    return _new(ImageModelOptions(model=str(folder / "net.pt")))


def _box(folder: Path) -> Classifier:
    return _new(BlackBoxOptions(function=f"{__name__}:even_answers"))


def even_answers(pictures: Any) -> Any:
    """A black box that does not know: one half for each of two labels."""
    return np.full((len(pictures), 2), 0.5)


def _new(options: Any) -> Classifier:
    """A classifier of pictures that was trained on nothing."""
    torch.manual_seed(0)
    nothing = np.empty(0, dtype=np.int64)
    split = Split(np.empty((0, SIDE, SIDE, 3), np.uint8), nothing, nothing, np.zeros((1, 2)), is_stratified=False)
    implementation: type[Classifier] = CLASSIFIERS[options.kind].load()
    return freeze(implementation.new_for(options, labels=LABELS, split=split))


NETS: Mapping[str, Callable[[Path], Classifier]] = {
    "shipped net of faces": partial(_shipped, "demo"),
    "ResNet-18": _resnet,
    "ViT-Tiny": _vit,
    "shipped text encoder": partial(_shipped, "demo-comments"),
    "TorchScript program": _script,
    "black box": _box,
}
REFUSED = ("TorchScript program", "black box")  # one trigger is enough to hear why
