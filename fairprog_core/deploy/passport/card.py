"""The model card of a passport: Markdown in Hugging Face's form, filled from what was measured."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fairprog_core.common.errors.markdown import as_markdown
from fairprog_core.data.options.table import ON_HUB
from fairprog_core.deploy.passport.tables import (
    changes_table,
    does_it_hold,
    estimate_in,
    groups_table,
    in_words,
    points_table,
    title_of,
)
from fairprog_core.triggers.passport import MeasuredPoint, Passport, PassportFacts

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

TASKS = {"image": "image-classification", "text": "text-classification"}


def model_card(passport: Passport, *, repo_id: str = "", license_id: str = "unknown") -> "ModelCard":
    """The card of a trigger; every figure is one of the passport's.

    Args:
        passport: the trigger with what was measured.
        repo_id: where it will lie, ``owner/name``, for the code on the card; empty: in a folder.
        license_id: of the trigger, as the hub spells it, e.g. ``apache-2.0``.
    """
    from huggingface_hub import ModelCard

    data = _metadata(passport, repo_id.rpartition("/")[2], license_id)
    facts = passport.facts
    parts = [
        f"# {as_markdown(facts.trigger)}: a trigger for {_model_name(facts) or as_markdown(facts.study)}",
        _what_it_is(passport), _shape(passport),
        f"**{headline(facts)}**",
        "## How to use it", _code(passport, repo_id or "path/of/this/folder"), _reading(passport),
        "## What was measured", _measured(facts), points_table(facts),
        "## Groups", groups_table(facts),
        "## Who gained, and who paid", changes_table(facts),
        *does_it_hold(passport),
        "## What was not measured", _bullets(map(as_markdown, facts.not_measured)),
        "## Limits", _bullets(_limits(passport)),
        "## Where it comes from", _bullets(_origin(passport)),
    ]  # fmt: skip
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(filter(None, parts)) + "\n")


def has_picture(passport: Passport) -> bool:
    """Whether the trigger is one on pictures that can itself be written as a picture: its pixels are within 0 … 1."""
    return passport.modality == "image" and passport.header["options"].get("pixels", "printable") == "printable"


def headline(facts: PassportFacts) -> str:
    """Gap and accuracy of the classifier alone and with the trigger, the controls and chance, in one sentence."""
    chosen, gap = facts.chosen, title_of(facts.gap).lower()
    controls = [f"{in_words(point.method)} {estimate_in(point, facts.gap)}" for point in facts.controls]
    beside = f"; controls: {', '.join(controls)}" if controls else "; no control was measured"
    noise = "" if facts.noise_gap is None else f"; chance alone shows up to {facts.noise_gap:.3f}"
    collapsed = " The classifier then predicts one label for almost every row." if chosen.is_collapsed else ""
    return (
        f"{gap[0].upper()}{gap[1:]} on {chosen.n:,} test rows: {estimate_in(facts.base, facts.gap)} → "
        f"{estimate_in(chosen, facts.gap)} with the trigger at λ = {facts.chosen_lam:g}{beside}{noise}. "
        f"Accuracy: {estimate_in(facts.base, 'accuracy')} → {estimate_in(chosen, 'accuracy')}.{collapsed}"
    )


def _metadata(passport: Passport, name: str, license_id: str) -> "ModelCardData":
    from huggingface_hub import ModelCardData

    facts = passport.facts
    path = facts.data.options.get("path")
    is_on_hub = isinstance(path, str) and re.fullmatch(ON_HUB, path) is not None
    base = facts.classifier.name
    return ModelCardData(
        license=license_id, library_name="fairprog", pipeline_tag=TASKS[passport.modality],
        tags=["fairprog", "fairness", "fairness-reprogramming", passport.kind],
        datasets=[str(path)] if is_on_hub else None, metrics=["accuracy", facts.gap],
        base_model=base if re.fullmatch(r"[\w.-]+/[\w.-]+", base) else None,
        model_name=name or f"{facts.study}-{facts.trigger}",
        eval_results=[*_results(facts, facts.base, "classifier alone", passport),
                      *_results(facts, facts.chosen, f"with the trigger at λ = {facts.chosen_lam:g}", passport)],
    )  # fmt: skip


def _results(facts: PassportFacts, point: MeasuredPoint, what: str, passport: Passport) -> "list[EvalResult]":
    """Accuracy and gap of a point, as the hub reads them."""
    from huggingface_hub import EvalResult

    found = []
    for metric in ("accuracy", facts.gap):
        estimate = point.metrics.get(metric)
        if estimate is None or estimate["value"] is None:
            continue
        interval = {"confidence_interval_95": estimate["ci"]} if estimate["ci"] else None
        found.append(
            EvalResult(
                task_type=TASKS[passport.modality],
                dataset_type=facts.data.kind,
                dataset_name=facts.study or "study",
                dataset_split="test",
                metric_type=metric,
                metric_name=f"{title_of(metric)}, {what}",
                metric_value=estimate["value"],
                metric_args=interval,
            )
        )
    return found


def _what_it_is(passport: Passport) -> str:
    facts = passport.facts
    put = "laid over every picture" if passport.modality == "image" else "added to every text"
    (low, high), groups = passport.lam_range, as_markdown(" and ".join(facts.groups))
    return (
        f"Something small that was learned once and is {put} before a frozen classifier reads it. It was learned to "
        f"make the classifier treat {groups} more alike (fairness reprogramming, Zhang et al., NeurIPS 2022). "
        f"Not a weight of the classifier is changed. One file serves every strength λ from {low:g} to {high:g}; "
        f"λ = {facts.chosen_lam:g} was chosen on validation rows."
    )


def _shape(passport: Passport) -> str:
    """The trigger itself: the picture that lies beside the card, or its words."""
    if has_picture(passport):
        return "![The trigger, transparent where the photo shows](trigger.png)"
    words, knots = passport.header.get("words"), passport.header["knots"]
    if not words or passport.chosen_lam not in knots[: len(words)]:
        return ""
    place = {"start": "before", "end": "behind"}.get(str(passport.header["options"].get("position")), "beside")
    phrase = " ".join(words[knots.index(passport.chosen_lam)])
    return f"The words, which stand {place} the text at λ = {passport.chosen_lam:g}: *{as_markdown(phrase)}*."


def _code(passport: Passport, repo: str) -> str:
    """At most ten lines that load the trigger and put it in front of the classifier."""
    is_text, side = passport.modality == "text", passport.header.get("image_size")
    x = '["a text", "another one"]' if is_text else f"torch.rand(2, 3, {side}, {side})"
    lines = [
        *([] if is_text else ["import torch"]),
        "import fairprog_core as fp",
        "",
        f'trigger = fp.from_pretrained("{repo}").trigger()',
        'classifier = fp.load_classifier("classifier.safetensors")  # or a module of your own',
        "model = trigger.wrap(classifier)  # at the chosen λ; lam= for another",
        f"logits = model({x}){'' if is_text else '  # pictures, pixels in 0 … 1'}",
    ]
    return "\n".join(["```python", *lines, "```"])


def _reading(passport: Passport) -> str:
    """How inputs have to be prepared, and the command line."""
    facts = passport.facts
    size = facts.preprocessing.get("image_size", passport.header.get("image_size"))
    said = (
        f"Pictures: the largest centred square, scaled to {size} × {size} pixels, RGB in 0 … 1; what the classifier "
        "needs besides, such as a normalisation, comes after the trigger."
        if passport.modality == "image"
        else f"Texts: cut to {facts.preprocessing.get('max_length', 'the usual number of')} tokens before the trigger "
        "is added."
    )
    labels = ", ".join(map(as_markdown, facts.labels))
    return (
        f"{said} The logits are those of: {labels}.\n\nA whole folder or table: `fairprog apply trigger.safetensors "
        "--model MODEL --input FOLDER --output predictions.parquet`."
    )


def _measured(facts: PassportFacts) -> str:
    return (
        f"On {facts.data.n_test:,} test rows that were neither used to learn the trigger nor to choose λ; values with "
        "95 % intervals. A gap below what chance alone shows says nothing."
    )


def _limits(passport: Passport) -> Iterable[str]:
    facts = passport.facts
    yield (
        "The figures hold for the classifier with the digest "
        f"`{facts.classifier.weights}` alone; fairprog refuses another one unless it is told to go on."
    )
    yield "The trigger changes the answers for every group; a smaller gap can come from a group that got worse."
    yield "It is no proof that the classifier is fair, and no replacement for looking at what is decided with it."
    yield "Whoever can see or remove the trigger can undo what it does."


def _origin(passport: Passport) -> Iterable[str]:
    facts = passport.facts
    name = _model_name(facts)
    yield f"Study {as_markdown(facts.study)}, curve `{facts.curve}`, seed {facts.seed}."
    yield f"Criterion: {in_words(facts.criterion)}, measured by the {title_of(facts.gap).lower()}."
    yield f"Classifier: `{facts.classifier.kind}`{f' ({name})' if name else ''}, digest `{facts.classifier.weights}`."
    yield f"Data: `{facts.data.kind}`, digest of the rows that the trigger was learned from `{facts.data.tune}`."
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    yield f"Versions: {as_markdown(versions)}."


def _model_name(facts: PassportFacts) -> str:
    """The name of a model from elsewhere; empty: fairprog trained or ships it."""
    name = facts.classifier.name
    return "" if name == "shipped" else as_markdown(name)


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
