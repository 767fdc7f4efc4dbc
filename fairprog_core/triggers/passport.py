"""A trigger's file with what was measured of it: one ``.safetensors`` file that says what it is and what it does.

The format is that of every trigger's file, ``fairprog.trigger/1``; the header has one more key, "passport", beside
``weights``, ``chosen_lam`` and ``classifier_options``, which a trigger itself needs. Torch-free: a page writes it.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten
from fairprog_core.common.files.destination import check_destination, writing
from fairprog_core.common.files.json_values import Header, damaged, parse_header
from fairprog_core.common.files.tensor_file import RawTensors
from fairprog_core.common.home import is_file, user_path
from fairprog_core.common.options import Modality
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow
from fairprog_core.metrics.intervals import EstimateJson
from fairprog_core.triggers.trigger_file import FILE, REMEDY, read_trigger_file

if TYPE_CHECKING:
    from fairprog_core.triggers.base import Trigger

SCHEMA: Literal["fairprog.passport/1"] = "fairprog.passport/1"
PASSPORT = replace(FILE, may_be_in_home=False)


class MeasuredPoint(Header):
    """One classifier on the test rows: the base, the trigger at one λ, or a control.

    Attributes:
        method: "base", "reprogram", or a control.
        lam: λ; None for the base and for controls.
        n: number of test rows.
        is_collapsed: whether it predicts one label for almost every row.
        metrics: with their 95 % intervals.
        delta: metrics minus those of the base on the same rows; empty for the base.
    """

    method: str
    lam: float | None
    n: int
    is_collapsed: bool
    metrics: dict[str, EstimateJson]
    delta: dict[str, EstimateJson]


class ClassifierFacts(Header):
    """The classifier that the trigger was learned on.

    Attributes:
        kind: registry key.
        name: of the model, without the folder that it lay in; empty: it was trained by fairprog.
        weights: digest of what was learned, see `classifiers.base.content_digest`.
        key: under which fairprog keeps it.
        n_classes: number of labels.
    """

    kind: str
    name: str
    weights: str
    key: str
    n_classes: int


class DataFacts(Header):
    """The data that the trigger was learned and measured on.

    Attributes:
        kind: registry key.
        options: of the data set, without the places on the machine where they lay.
        tune: digest of the rows that the trigger was learned from.
        test_predictions: SHA-256 of the file with the base's predictions of the test rows.
        n_test: number of test rows.
    """

    kind: str
    options: dict[str, JsonValue]
    tune: str
    test_predictions: str
    n_test: int


class PassportFacts(Header):
    """What is known of a trigger.

    Attributes:
        schema_: version of this description.
        study: name of the study.
        curve: key of the trigger's curve.
        trigger: its name in the study.
        criterion: registry key of what was made smaller.
        gap: the metric of the criterion.
        seed: of the training.
        chosen_lam: λ that was chosen on validation rows.
        lams: the reported λ.
        labels: names of the classes.
        groups: names of the groups.
        classifier: that the trigger belongs to.
        data: that it was learned and measured on.
        preprocessing: how the classifier reads inputs: side of the pictures, mean, …; or the longest text in tokens.
        base: the classifier alone.
        points: the trigger at every reported λ.
        controls: what takes the trigger's place without having learned it.
        noise_gap: the gap that chance alone shows on these rows; None if it cannot be estimated.
        groups_before: rates of every group, of the classifier alone.
        groups_after: the same with the trigger at the chosen λ.
        changes: rows of every group and label that became right or wrong with the trigger at the chosen λ.
        versions: of Python and the packages.
        not_measured: what nobody should conclude from these figures, one sentence each.
        stress: of this trigger, as in the ``stress.json`` of the run; None: it was not measured.
    """

    schema_: Literal["fairprog.passport/1"] = Field(SCHEMA, alias="schema")
    study: str
    curve: str
    trigger: str
    criterion: str
    gap: str
    seed: int
    chosen_lam: float
    lams: list[float]
    labels: list[str]
    groups: list[str]
    classifier: ClassifierFacts
    data: DataFacts
    preprocessing: dict[str, JsonValue]
    base: MeasuredPoint
    points: list[MeasuredPoint]
    controls: list[MeasuredPoint]
    noise_gap: float | None
    groups_before: list[GroupRow]
    groups_after: list[GroupRow]
    changes: list[ChangeRow]
    versions: dict[str, str]
    not_measured: list[str]
    stress: dict[str, JsonValue] | None = None

    @property
    def chosen(self) -> MeasuredPoint:
        """The trigger at the chosen λ."""
        return next(point for point in self.points if point.lam == self.chosen_lam)

    def to_json(self) -> dict[str, JsonValue]:
        """As in the file's header."""
        values: dict[str, JsonValue] = self.model_dump(mode="json", by_alias=True)
        return values


@dataclass(frozen=True, repr=False)
class Passport:
    """A trigger for every λ, with what was measured of it.

    Attributes:
        header: of the file, as JSON values.
        facts: what was measured; the header's "passport".
        raw: the file that is written, with the trigger's values.
        place: that it was read from, or will be written as; for errors.
    """

    header: dict[str, Any]
    facts: PassportFacts
    raw: RawTensors
    place: Path = field(default=Path("trigger.safetensors"), compare=False)

    @classmethod
    def of(cls, header: dict[str, Any], facts: PassportFacts, raw: RawTensors) -> "Passport":
        """A trigger's header and values with what was measured.

        Args:
            header: of the trigger's file, with further keys.
            facts: what was measured.
            raw: of the trigger's file, whose values are taken.
        """
        whole = {**header, "passport": facts.to_json()}
        return cls(whole, facts, replace(raw, texts={"fairprog": json.dumps(whole)}))

    def __repr__(self) -> str:
        low, high = self.lam_range
        facts = self.facts
        return f"<Passport: {facts.trigger} of {facts.study}, λ {low:g} … {high:g}, {self.chosen_lam:g} chosen>"

    @property
    def kind(self) -> str:
        """Registry key of the trigger."""
        return str(self.header["options"]["kind"])

    @property
    def modality(self) -> Modality:
        """Pictures or texts."""
        return "image" if "image_size" in self.header else "text"

    @property
    def lam_range(self) -> tuple[float, float]:
        """The λ that the trigger was trained for, from … to."""
        return float(self.header["knots"][0]), float(self.header["knots"][-1])

    @property
    def chosen_lam(self) -> float:
        """λ that was chosen on validation rows."""
        return self.facts.chosen_lam

    def trigger(self) -> "Trigger":
        """The trigger, to put it in front of a classifier: ``passport.trigger().wrap(model)``.

        Raises:
            ArtifactError: the values do not fit their description.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        from fairprog_core.triggers.base import trigger_of

        try:
            values = load(self.to_bytes())
        except SafetensorError as error:
            raise ArtifactError(damaged(self.place, error, REMEDY)) from error
        return trigger_of(values, dict(self.header), self.place)

    @classmethod
    def open(cls, path: str | Path) -> "Passport":
        """Read a file that `save` wrote.

        Raises:
            ArtifactError: it is missing, damaged or no trigger of fairprog.
            ConfigError: it is a trigger's file in which nothing that was measured is written down.
        """
        file = user_path(path)
        if not is_file(file):
            raise ArtifactError(f"No passport at {shorten(file)}: give the .safetensors file that `save` wrote.")
        header, raw = read_trigger_file(file)
        if "passport" not in header:
            raise ConfigError(
                f"{shorten(file)} is a trigger without a passport; write one from the run that learned it: "
                "fp.Result.open(folder).passport(name).save(file)."
            )
        facts = parse_header(PassportFacts, header["passport"], path=file, remedy=REMEDY)
        parse_header(_TriggerRange, header, path=file, remedy=REMEDY)
        if facts.chosen_lam not in [point.lam for point in facts.points]:
            raise ArtifactError(f"{shorten(file)} has no figures at its chosen λ; {REMEDY}.")
        return cls(header, facts, raw, file)

    def to_bytes(self) -> bytes:
        """The content of the file, the same bytes every time."""
        return self.raw.to_bytes()

    def save(self, path: str | Path) -> Path:
        """Write one ``.safetensors`` file.

        Raises:
            ConfigError: something else than a trigger's file is there.
            ArtifactError: it cannot be written.
        """
        file = user_path(path)
        with writing(check_destination(file, PASSPORT), PASSPORT) as part:
            part.write_bytes(self.to_bytes())
        return file


class _TriggerRange(Header):
    """What `Passport` reads of the trigger's own header."""

    options: dict[str, JsonValue]
    knots: list[float] = Field(min_length=1)
    words: list[list[str]] = Field(default_factory=list)
