"""What was asked, how it was computed, how to repeat it, what was not measured: the same for all curves of a run."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import is_file
from fairprog_core.data import modality_of
from fairprog_core.data.card import data_card
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.people import data_kind, people_of
from fairprog_core.results.result import Result, StudyJson
from fairprog_core.results.run_folder import RESULT, base_file
from fairprog_core.results.weak_base import weak_base_sentence
from fairprog_core.study.load import presets
from fairprog_core.study.settings import command, to_toml
from fairprog_core.study.study import Study

Fact = tuple[str, str]
STAGES = {
    "data": "data", "base": "base classifier", "triggers": "triggers", "evaluation": "evaluation",
    "explain": "explanations", "total": "altogether",
}  # fmt: skip
LIMITS = (
    "Other criteria than the ones above, other groups than {groups}, and other data than this test split.",
    "People: a group here is a column of the data. What follows from an answer for a person was not measured.",
    "New data: figures are from {n:,} test rows that neither training nor the choice of λ used; data that differ from "
    "them can give another gap.",
    "Other seeds than {seeds}: {cover}.",
)
ONE_SEED = "intervals cover test rows alone, and another seed can give another trigger"
SEVERAL_SEEDS = "intervals of means cover test rows and these seeds"
LEVELLING = (
    "A smaller gap can come from a loss of the better-off group; the section “Who gained and who paid” says how much "
    "of it does."
)
COLLAPSE = "A classifier that answers the same for every row has no gap either; such points are marked as collapsed."
NO_PROBE = "What a trigger says to demographic classifiers was not computed in this run."
NO_EXPLANATIONS = "Where the classifier looks was not computed in this run."
NO_AUDIT = "What the answers still reveal about the group (leakage) was not computed in this run."
UNFINISHED = "This study is not finished: curves and explanations can be missing."
CERTIFY = "fairprog assesses and mitigates a measured gap; it does not certify a classifier."
PAPER = "The method: Zhang et al., “Fairness Reprogramming”, NeurIPS 2022."


@dataclass(frozen=True)
class Facts:
    """A run.

    Attributes:
        name: of the study.
        run: its name in a comparison.
        question: what the classifier answers.
        about: the data in a sentence.
        note: what the data set's card says about its rows.
        asked: the study in a table.
        settings: how it was computed, in a table.
        toml: the study's file; or its JSON where it cannot be written as one.
        is_toml: which of both.
        command: that repeats it.
        limits: what was not measured.
        is_text: whether the inputs are texts.
        weak_base: a warning; empty where the base is better than the most frequent label.
    """

    name: str
    run: str
    question: str
    about: str
    note: str
    asked: list[Fact]
    settings: list[Fact]
    toml: str
    is_toml: bool
    command: str
    limits: list[str]
    is_text: bool
    weak_base: str


def facts(result: Result, run: str) -> Facts:
    """Everything about a run that does not depend on the curve.

    Args:
        result: of the run.
        run: its name among several.
    """
    study, kind = result.study, data_kind(result)
    card = data_card(kind)
    toml, line = _repeat(study)
    groups = [people_of(kind, group)[0] for group in result.group_names]
    labels = " or ".join(f"“{label}”" for label in result.labels[::-1])
    return Facts(
        name=str(study.get("name") or run), run=run,
        question=f"The classifier answers {labels}. The groups: {', '.join(groups)}.",
        about=card.about if card else "", note=_sentence(card.note) if card else "",
        asked=_asked(result), settings=_settings(result),
        toml=toml or json.dumps(study, indent=1, ensure_ascii=False), is_toml=toml is not None,
        command=line, limits=_limits(result, groups),
        is_text=modality_of(study.get("dataset")) == "text",
        weak_base=_weak(result),
    )  # fmt: skip


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _asked(result: Result) -> list[Fact]:
    study = result.study
    classifier = study.get("classifier")
    triggers = dict.fromkeys(names.kind(curve.name) for curve in result.curves if curve.trigger)
    methods = dict.fromkeys(names.kind(curve.method) for curve in result.curves)
    found = [
        ("Data", names.kind(data_kind(result))),
        ("Classifier", names.kind(str(classifier.get("kind", ""))) if isinstance(classifier, dict) else "–"),
        ("Triggers", ", ".join(triggers) or "none"),
        ("Methods", ", ".join(methods)),
        ("Criteria", ", ".join(dict.fromkeys(names.kind(curve.criterion) for curve in result.curves))),
        ("Seeds", ", ".join(map(str, dict.fromkeys(curve.seed for curve in result.curves)))),
        ("Test rows", f"{result.base.n:,}"),
    ]
    return [fact for fact in found if fact[1]]


def _settings(result: Result) -> list[Fact]:
    environment = result.environment
    versions = environment.get("versions")
    shown = ", ".join(f"{name} {value}" for name, value in versions.items()) if isinstance(versions, dict) else ""
    times = ", ".join(
        f"{STAGES.get(stage, stage)} {numbers.seconds(seconds)}"
        for stage, seconds in result.seconds.items()
        if seconds >= 0.5
    )
    dataset = json.dumps(result.study.get("dataset"), sort_keys=True, ensure_ascii=False)
    found = [
        ("Time", times),
        ("Device", f"{environment.get('device', '')}, {environment.get('threads', '')} thread(s)"
         if environment.get("device") else ""),
        ("Platform", str(environment.get("platform", ""))),
        ("Versions", shown),
        ("SHA-256 of the result", _hash(result.folder / RESULT)),
        ("SHA-256 of the base", _hash(base_file(result.folder))),
        ("SHA-256 of the data's settings", hashlib.sha256(dataset.encode()).hexdigest()),
    ]  # fmt: skip
    return [fact for fact in found if fact[1]]


def _hash(path: Path) -> str:
    if not is_file(path):
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _repeat(study: StudyJson) -> tuple[str | None, str]:
    """The study's file, and the command that runs it."""
    try:
        parsed = Study.parse(study)
    except ConfigError:
        return None, "fairprog run study.json"
    name = parsed.name if parsed.name in presets() else None
    line = command(parsed, name) if name else None
    return to_toml(parsed), line or shlex.join(["fairprog", "run", "study.toml"])


def _limits(result: Result, groups: list[str]) -> list[str]:
    seeds = sorted({curve.seed for curve in result.curves})
    said: Mapping[str, object] = {
        "groups": ", ".join(groups), "n": result.base.n, "seeds": ", ".join(map(str, seeds)) or "–",
        "cover": ONE_SEED if len(seeds) < 2 else SEVERAL_SEEDS,
    }  # fmt: skip
    found = [limit.format(**said) for limit in LIMITS]
    curves = [curve for curve in result.curves if curve.trigger]
    found += [LEVELLING, COLLAPSE]
    if curves and not any(curve.explain for curve in curves):
        found.append(NO_EXPLANATIONS)
    if curves and not any(curve.probe for curve in curves):
        found.append(NO_PROBE)
    if not any(point.audit for point in result.points):
        found.append(NO_AUDIT)
    if not result.is_complete:
        found.append(UNFINISHED)
    return [*found, CERTIFY]


def _weak(result: Result) -> str:
    return weak_base_sentence(result.weak_base, "test") if result.weak_base else ""
