"""What a study trained: the base classifier and its triggers as modules, and a trigger's passport.

Imports torch only to read them.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten, shown
from fairprog_core.common.files.json_values import damaged, from_json, plain
from fairprog_core.common.files.tensor_file import digest_of_file, plain_texts, read_texts
from fairprog_core.common.home import is_file, is_folder, path_problem, user_path
from fairprog_core.metrics.point import Point, cell_of
from fairprog_core.results.curve import Curve
from fairprog_core.results.run_folder import RESULT, base_file, is_inside
from fairprog_core.triggers.passport import (
    SCHEMA,
    ClassifierFacts,
    DataFacts,
    MeasuredPoint,
    Passport,
    PassportFacts,
)
from fairprog_core.triggers.trigger_file import read_trigger_file

if TYPE_CHECKING:
    from fairprog_core.classifiers.base import Classifier
    from fairprog_core.results.result import Result
    from fairprog_core.triggers.fixed import FixedTrigger

_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://")
_WINDOWS = re.compile(r"[\w.-]+(\\[\w.-]+)+")  # a relative path
_OF_FILES = (
    ".pt", ".pth", ".pt2", ".bin", ".ckpt", ".onnx", ".safetensors", ".csv", ".tsv", ".txt", ".json", ".jsonl",
    ".parquet", ".arrow", ".gz", ".zip",
)  # fmt: skip
_UNTRIED = {
    "image": "Pictures that were compressed, resized, shifted, printed or photographed again.",
    "text": "Texts with other casing, typing errors or other cuts.",
}
_UNTRIED_BUT = 'Inputs that were changed in other ways than those under "Does it hold?".'


def read_base(folder: Path) -> "Classifier":
    """The frozen base classifier of a run.

    Raises:
        ArtifactError: its file is missing or damaged.
    """
    from fairprog_core.classifiers import CLASSIFIERS
    from fairprog_core.classifiers.base import freeze, read_classifier

    file = base_file(folder)
    if not file.is_file() or not is_inside(folder, file):
        raise ArtifactError(f"There is no base classifier in {folder}: {file.name} is missing; run the study again.")
    return freeze(read_classifier(file, CLASSIFIERS)[0])


def read_trigger(curve: Curve, lam: float | None) -> "FixedTrigger":
    """The trigger of a curve at its chosen λ, or at another one that it was trained for.

    Raises:
        ArtifactError: its file is missing or damaged.
        ConfigError: λ is outside of the trained range.
    """
    from fairprog_core.triggers.base import load_trigger
    from fairprog_core.triggers.fixed import FixedTrigger

    if not curve.artifact_name or not curve.artifact.is_file():
        raise ArtifactError(
            f"{curve.folder} has no file of the trigger {shown(curve.name)} ({curve.key}); run the study again."
        )
    trigger = load_trigger(curve.artifact)
    if trigger.options.modality == "text":
        trigger.attach_to(read_base(curve.folder))  # words are vectors of the classifier's own table
    return FixedTrigger(trigger, curve.chosen_lam if lam is None else lam).requires_grad_(False).eval()


def find_trigger(curves: Sequence[Curve], name: str, *, criterion: str | None, seed: int | None, folder: Path) -> Curve:
    """The curve of a trigger; with several shares of the tuning data the one with most.

    Args:
        curves: of the result.
        name: of the trigger.
        criterion: registry key; None: the only one.
        seed: None: the first one.
        folder: of the run, for the errors.

    Raises:
        ConfigError: no curve fits, or curves of several criteria do; the message names those that are there.
    """
    with_trigger = [curve for curve in curves if curve.trigger is not None]
    if not with_trigger:
        raise ConfigError(f"{folder / RESULT} has no trigger; run a study with a trigger.")
    found = _among(with_trigger, "trigger", name, folder)
    if criterion is not None:
        found = _among(found, "criterion", criterion, folder)
    elif len(keys := list(dict.fromkeys(curve.criterion for curve in found))) > 1:
        raise ConfigError(f"The trigger {shown(name)} was trained for {' and '.join(keys)}; say which: criterion=.")
    if seed is not None:
        found = _among(found, "seed", seed, folder)
    first = min(curve.seed for curve in found)
    return max((curve for curve in found if curve.seed == first), key=lambda curve: curve.share)


def _among(curves: Sequence[Curve], what: str, wanted: object, folder: Path) -> list[Curve]:
    """The curves with an attribute."""
    if found := [curve for curve in curves if getattr(curve, what) == wanted]:
        return found
    known = ", ".join(dict.fromkeys(str(getattr(curve, what)) for curve in curves))
    of_trigger = "" if what == "trigger" else f" for the trigger {shown(curves[0].name)}"
    raise ConfigError(f"{folder / RESULT} has no {what} {shown(wanted)}{of_trigger}; there is: {known}.")


def make_passport(result: "Result", curve: Curve) -> Passport:
    """The passport of the trigger of a curve; without torch.

    Raises:
        ArtifactError: the file of the trigger or of the base is missing or damaged.
    """
    if not curve.artifact_name or not curve.artifact.is_file():
        raise ArtifactError(
            f"{curve.folder} has no file of the trigger {shown(curve.name)} ({curve.key}); run the study again."
        )
    header, raw = read_trigger_file(curve.artifact)
    base, weights = _base_header(result.folder)
    options = _without_places(result.study.get("classifier", {}))
    preprocessing = _preprocessing(base)
    own: dict[str, Any] = {
        "weights": weights, "chosen_lam": curve.chosen_lam, "labels": result.labels, "groups": result.group_names,
        "classifier_options": options,
    }  # fmt: skip
    if "max_length" in preprocessing:
        own["max_length"] = preprocessing["max_length"]
    classifier = ClassifierFacts(
        kind=str(base["options"].get("kind", "")), name=str(_without_places(base["options"].get("model", ""))),
        weights=weights, key=str(header.get("classifier", "")), n_classes=int(base.get("n_classes", 0)),
    )  # fmt: skip
    facts = _facts(result, curve, classifier, _data(result, tune=str(header.get("data", ""))), preprocessing)
    return Passport.of(plain({**header, **own}), facts, raw)


def passport_of(result: "Result", key: str = "") -> Passport:
    """The passport of a curve.

    Args:
        result: of a study.
        key: of the curve, or a part of it that no other curve with a trigger has; empty: the first one.

    Raises:
        ConfigError: the result has no such trigger, or several.
        ArtifactError: a file is missing or damaged.
    """
    curves = [curve for curve in result.curves if curve.trigger is not None]
    found = [curve for curve in curves if curve.key == key] or [curve for curve in curves if key in curve.key]
    if not found or (key and len(found) > 1):
        known = shorten(", ".join(curve.key for curve in found or curves), 150) or "none"
        what = f"trigger {shown(key, 80)}" if key else "trigger"
        why = f"{len(found)} keys hold this text, give one" if found else "its curves with a trigger"
        raise ConfigError(f"There is no {what} in {shorten(result.folder, 60)}; {why}: {known}.")
    return make_passport(result, found[0])


def _base_header(folder: Path) -> tuple[dict[str, Any], str]:
    """The header of the base's file, and the digest of its weights.

    Raises:
        ArtifactError: it is missing or damaged.
    """
    file = base_file(folder)
    if not file.is_file() or not is_inside(folder, file):
        raise ArtifactError(f"There is no base classifier in {folder}: {file.name} is missing; run the study again.")
    try:
        header, weights = plain_texts(read_texts(file), "fairprog"), digest_of_file(file)
    except (OSError, ValueError) as error:
        raise ArtifactError(damaged(file, error, "run the study again")) from error
    if not isinstance(header, dict) or not isinstance(header.get("options"), dict):
        raise ArtifactError(damaged(file, "it has no description", "run the study again"))
    return header, weights


def _facts(
    result: "Result", curve: Curve, classifier: ClassifierFacts, data: DataFacts, preprocessing: dict[str, JsonValue]
) -> PassportFacts:
    chosen, stress = result.chosen_point(curve), _stress(result.folder, curve.key)
    return PassportFacts(
        schema=SCHEMA, study=str(result.study.get("name", "")), curve=curve.key, trigger=curve.name,
        criterion=curve.criterion, gap=curve.gap, seed=curve.seed, chosen_lam=curve.chosen_lam, lams=curve.lams,
        labels=result.labels, groups=result.group_names, classifier=classifier, data=data, preprocessing=preprocessing,
        base=_measured(result.base), points=[_measured(point) for point in result.points_of(curve)],
        controls=[_measured(point) for point in result.controls_of(curve).values()],
        noise_gap=chosen.noise_gap.get(curve.gap), groups_before=result.group_table(result.base),
        groups_after=result.group_table(chosen), changes=result.changes(chosen), versions=_versions(result),
        stress=stress,
        not_measured=_not_measured(result, curve, chosen, is_stressed=stress is not None),
    )  # fmt: skip


def _data(result: "Result", *, tune: str) -> DataFacts:
    """What the trigger was learned and measured on."""
    options = _without_places(result.study.get("dataset", {}))
    artifact = result.base.artifacts.get("predictions")
    file = result.path(artifact) if artifact else None
    values = options if isinstance(options, dict) else {}
    return DataFacts(
        kind=str(values.get("kind", "")), options=values, tune=tune, n_test=result.base.n,
        test_predictions=sha256(file.read_bytes()).hexdigest() if file is not None and file.is_file() else "",
    )  # fmt: skip


def _measured(point: Point) -> MeasuredPoint:
    return MeasuredPoint(
        method=point.method, lam=point.lam, n=point.n, is_collapsed=point.collapsed,
        metrics={name: value.to_json() for name, value in point.metrics.items()},
        delta={name: value.to_json() for name, value in point.delta.items()},
    )  # fmt: skip


def _preprocessing(base: dict[str, Any]) -> dict[str, JsonValue]:
    """How a classifier reads inputs, from the header of its file."""
    if (side := base.get("image_size")) is not None:
        found = {"image_size": side, "crop": "largest centred square", "resize": "bilinear", "pixels": "RGB, 0 … 1"}
        return found | ({"of_the_model": base["reading"]} if "reading" in base else {})
    config, longest = base.get("config"), base["options"].get("max_length")
    found = {"max_length": longest} if isinstance(longest, int) else {}
    return found | ({"family": config["model_type"]} if isinstance(config, dict) and "model_type" in config else {})


def _stress(folder: Path, key: str) -> dict[str, JsonValue] | None:
    """What ``stress.json`` of a run says of a curve; None: nothing that can be read."""
    try:
        values = from_json((folder / "stress.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    curves = values.get("curves") if isinstance(values, dict) else None
    if not isinstance(values, dict) or not isinstance(curves, list):
        return None
    own: list[JsonValue] = [each for each in curves if isinstance(each, dict) and each.get("key") == key]
    return {**values, "curves": own} if own else None


def _versions(result: "Result") -> dict[str, str]:
    versions = result.environment.get("versions")
    return {name: str(value) for name, value in versions.items()} if isinstance(versions, dict) else {}


def _not_measured(result: "Result", curve: Curve, chosen: Point, *, is_stressed: bool) -> list[str]:
    """What the figures say nothing about, one sentence each."""
    untried = _UNTRIED_BUT if is_stressed else _UNTRIED.get(result.modality, "")
    found = ["Other data than these test rows: inputs of another source, place or time.", untried]
    if not [other for other in result.transfer if any(each.key == curve.key for each in other.curves)]:
        found.append("Other classifiers: the trigger was measured in front of the one that it was learned on.")
    found.append(f"Other groups than {', '.join(result.group_names)}, and differences inside of these groups.")
    if len({other.seed for other in result.curves if other.family == curve.family}) == 1:
        found.append(f"Chance in the training: the trigger was learned once, with the seed {curve.seed}.")
    if (few := chosen.few_rows(curve.gap)) is not None:
        found.append(f"An interval of the gap: {cell_of(few)} has only {few['n']} test rows.")
    if not result.controls_of(curve):
        found.append("A control: how much an unlearned trigger of the same shape changes.")
    if not is_stressed:
        found.append("Whether probabilities are calibrated, in any group.")
    return [sentence for sentence in found if sentence]


def _without_places(value: JsonValue) -> JsonValue:
    """JSON values without folders and addresses of the machine: of a path its last part stays."""
    if isinstance(value, dict):
        return {name: _without_places(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_places(part) for part in value]
    if not isinstance(value, str):
        return value
    if _ADDRESS.match(value):
        return ""
    if _WINDOWS.fullmatch(value) or PureWindowsPath(value).is_absolute():
        return PureWindowsPath(value).name
    return PurePosixPath(value).name if _is_path(value) else value


def _is_path(text: str) -> bool:
    """Whether a text is the path of a file or folder, and not a name on a hub, which may be spelled alike."""
    if text.startswith(("/", "~", "./", "../")):
        return True
    if "/" not in text or path_problem(text) is not None:
        return False
    return PurePosixPath(text).suffix.lower() in _OF_FILES or is_file(path := user_path(text)) or is_folder(path)
