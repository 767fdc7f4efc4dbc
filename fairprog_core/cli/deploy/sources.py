"""TRIGGER and ``--model`` of the commands: files, folders, runs and names are resolved here alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairprog_core.common.errors import ConfigError, UnknownRunError
from fairprog_core.common.home import Home, path_problem
from fairprog_core.results.run_folder import base_file, shipped_runs
from fairprog_core.runs.exchange.open_result import open_result

if TYPE_CHECKING:
    from fairprog_core.classifiers.base import Classifier
    from fairprog_core.triggers.base import Trigger

TriggerArgument = Annotated[
    str,
    typer.Argument(
        metavar="TRIGGER",
        help="A trigger's .safetensors file, such as a passport, or a folder with one; or a run: its id, number, name "
        "or folder, or a shipped one such as demo.",
    ),
]
CurveOption = Annotated[
    str,
    typer.Option(
        "--curve",
        metavar="KEY",
        help="Of a run: the trigger whose curve's key is or contains this. Default: the first.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="The classifier: a .safetensors file of fairprog, a run, or what [classifier] model takes: a folder or "
        "hub name of Hugging Face, timm:NAME, torchvision:NAME, a TorchScript or torch.export file, factory:…. "
        "Default: the base of the run that TRIGGER names.",
    ),
]
WeightsOption = Annotated[
    str, typer.Option("--weights", metavar="FILE", help="Weights for timm:, torchvision: and factory: models.")
]
AnyModelFlag = Annotated[
    bool, typer.Option("--any-model", help="Allow a model whose weights are not those that the trigger belongs to.")
]


def open_sources(
    trigger: str, model: str, *, curve: str, weights: str, is_any: bool, device: str, home: Path | None
) -> "tuple[Trigger, Classifier]":
    """The trigger and its frozen classifier.

    Raises:
        FairprogError: one of them cannot be opened, or they do not belong together.
    """
    from fairprog_core.deploy.model import open_model
    from fairprog_core.deploy.trigger import open_trigger, trigger_file
    from fairprog_core.pipeline.jobs.environment import choose_device

    on = choose_device(device)
    if trigger_file(trigger) is None and not trigger.endswith(".safetensors"):
        result = open_result(trigger, home)[1]
        found, own = open_trigger(result, curve=curve), str(base_file(result.folder))
    else:
        found, own = open_trigger(trigger, curve=curve), ""
    named = _base_of_run(model, home) if model else own
    if not named:
        raise ConfigError("--model is missing: give the classifier that the trigger was learned on.")
    options = {"weights": weights} if weights else {}
    return found, open_model(named, found, options=options, device=on, is_checked=not is_any)


def _base_of_run(model: str, home: Path | None) -> str:
    """The base's file where a text names a run of the home, else the text: it may be a hub name or a path.

    Raises:
        RunError: it can mean several runs.
    """
    is_name = model not in shipped_runs() and ":" not in model and "/" not in model and path_problem(model) is None
    if not is_name or Path(model).exists() or not Home.find(home).database.exists():
        return model
    try:
        return str(base_file(open_result(model, home)[1].folder))
    except UnknownRunError:
        return model
