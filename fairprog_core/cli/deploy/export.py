"""``fairprog export``: a classifier with its trigger as one ONNX or torch.export file."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fairprog_core.cli.deploy.sources import (
    AnyModelFlag,
    CurveOption,
    ModelOption,
    TriggerArgument,
    WeightsOption,
    open_sources,
)
from fairprog_core.cli.terminal.console import HomeOption, JsonFlag, PlainTable, console, print_json, say
from fairprog_core.common.errors import ConfigError, shown, size
from fairprog_core.common.files.destination import check_destination
from fairprog_core.common.home import user_path
from fairprog_core.runs.exchange.open_result import open_result

if TYPE_CHECKING:
    from fairprog_core.deploy.export.export import ExportReport, FileCost
    from fairprog_core.triggers.base import Trigger


def export(
    trigger: TriggerArgument,
    out: Annotated[Path, typer.Option("--out", parser=user_path, metavar="FILE", help="The file to write.")],
    model: ModelOption = "",
    format_: Annotated[Literal["onnx", "torch_export"], typer.Option("--format", help="Of the file.")] = "onnx",
    lam: Annotated[
        float | None, typer.Option("--lam", help="Fix λ. Default: λ is an input, so that one file serves every λ.")
    ] = None,
    opset: Annotated[int | None, typer.Option("--opset", metavar="N", help="Of ONNX, 18 to 24. Default: 18.")] = None,
    with_preprocessing: Annotated[
        bool, typer.Option("--with-preprocessing", help="Take pictures as bytes: (batch, side, side, 3) uint8, RGB.")
    ] = False,
    picture_size: Annotated[
        str,
        typer.Option(
            "--picture-size",
            metavar="HEIGHTxWIDTH",
            help="As --with-preprocessing, for pictures of this size: their largest centred square is resized inside.",
        ),
    ] = "",
    curve: CurveOption = "",
    weights: WeightsOption = "",
    any_model: AnyModelFlag = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a classifier with its trigger as one file that ONNX Runtime, or torch, runs without fairprog.

    The number of rows is free, and the first output is the logits. The file is compared with fairprog at several λ and
    batch sizes; if a logit differs by more than 0.0001, nothing is written. Needs the extra fairprog[export] for ONNX.
    """
    with console().status("Loading torch …"):
        from fairprog_core.deploy.export.export import export as write
        from fairprog_core.deploy.export.files import FILE, format_of

        check_destination(out, FILE)  # before a model is opened
        format_of(format_, opset)
        wanted = _picture_size(picture_size)
        found, classifier = open_sources(
            trigger, model, curve=curve, weights=weights, is_any=any_model, device="cpu", home=home
        )
    at = found.scale.anchor_lams[-1] if found.chosen_lam is None else found.chosen_lam
    with console().status("Writing and comparing …"):
        report = write(
            found.wrap(classifier, lam=at if lam is None else lam, is_checked=False),
            out,
            format=format_,
            is_lam_fixed=lam is not None,
            is_lam_chosen=(found.chosen_lam if lam is None else lam) is not None,
            opset=opset,
            with_preprocessing=wanted or with_preprocessing,
            rows=_rows_of(trigger, found, home),
        )
    if as_json:
        print_json(report.to_json())
    else:
        _print(report)


def _picture_size(text: str) -> tuple[int, int] | None:
    """Height and width from "218x178"; None: the text is empty.

    Raises:
        ConfigError: it is no size.
    """
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if found is None:
        raise ConfigError(f"--picture-size is {shown(text)}; give height and width in pixels, e.g. 218x178.")
    return int(found[1]), int(found[2])


def _rows_of(argument: str, trigger: "Trigger", home: Path | None) -> Any:
    """The explained test rows of a run: pictures or texts; None: a file is named, or the run explains no rows."""
    from fairprog_core.deploy.trigger import trigger_file

    if trigger_file(argument) is not None:
        return None
    result = open_result(argument, home)[1]
    curve = next((each for each in result.curves if each.key == trigger.about.get("curve")), None)
    gallery = None if curve is None else result.gallery(curve)
    if gallery is None:
        return None
    texts = gallery.about.get("texts")
    return gallery.arrays["photo"] if texts is None else [" ".join(words) for words in texts]


def _print(report: "ExportReport") -> None:
    shapes = ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in report.inputs.items())
    about = f"opset {report.opset}" if report.opset else "torch.export"
    say(f"{report.path}: {about}; inputs {shapes}; output logits")
    lams = ", ".join(f"{lam:.3g}" for lam in sorted({each.lam for each in report.parity}))
    batches = ", ".join(map(str, sorted({each.n_rows for each in report.parity})))
    largest = f"{report.largest_difference:.1g}"
    say(f"Logits differ from those here by {largest} at most (λ {lams}; {batches} rows at a time).")
    table = PlainTable()
    for name in ("", "Size", "1 row", "64 rows"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("With the trigger", *_cells(report.cost))
    if report.bare is not None:
        table.add_row("Classifier alone", *_cells(report.bare))
    console().print(table)
    say("Times are medians on one thread of this machine.")


def _cells(cost: "FileCost") -> list[str]:
    return [size(cost.n_bytes), *(f"{value:.3g} ms" for value in cost.milliseconds.values())]
