"""Averages of the explanations of one curve along λ: ``curve["explain"]`` of a result.

Notation: l λ-values.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from fairprog_core.common.files.json_values import plain
from fairprog_core.metrics.explanations.by_condition import JsonObject, Means, UncheckedJson, means_from_json
from fairprog_core.metrics.explanations.gallery import rivals_note
from fairprog_core.metrics.explanations.paired import Paired, paired_from_json, paired_to_json


@dataclass(frozen=True)
class CounterfactualMeans:
    """How the classifier's answers differ within counterfactual pairs: inputs that differ only in Z.

    Attributes:
        names: of the two groups.
        logit_difference: logit margin of the first of a pair minus that of the second.
        flip_share: share of pairs with two different predictions, 0 … 1.
    """

    names: list[str]
    logit_difference: Means
    flip_share: Means

    def to_json(self) -> JsonObject:
        """As results have it."""
        found: JsonObject = plain({
            "names": self.names,
            "logit_difference": self.logit_difference.to_json(),
            "flip_share": self.flip_share.to_json(),
        })  # fmt: skip
        return found

    @classmethod
    def from_json(cls, values: UncheckedJson) -> "CounterfactualMeans":
        """Read what `to_json` gave."""
        difference, flips = means_from_json(values["logit_difference"]), means_from_json(values["flip_share"])
        if difference is None or flips is None:
            raise ValueError("the means of the counterfactual pairs are empty")
        return cls(list(values["names"]), difference, flips)


@dataclass(frozen=True)
class ErasureMeans:
    """How far the logit margin moves when a region of the photo is blanked.

    Attributes:
        by_region: mean |Δ margin| by the region's name.
        ratio: the first region's mean over the second's.
    """

    by_region: dict[str, Means]
    ratio: Means

    def to_json(self) -> JsonObject:
        """As results have it."""
        means = {name: each.to_json() for name, each in self.by_region.items()}
        found: JsonObject = plain({**means, "ratio": self.ratio.to_json()})
        return found

    @classmethod
    def from_json(cls, values: UncheckedJson) -> "ErasureMeans":
        """Read what `to_json` gave."""
        means = {name: each for name, value in values.items() if (each := means_from_json(value)) is not None}
        return cls({name: each for name, each in means.items() if name != "ratio"}, means["ratio"])


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What explanations of pictures and of texts share.

    Attributes:
        lams: (l,) the reported λ.
        rows: of the test split that the averages may use; 0: none were asked for.
        regions: names of the regions; empty where the data has none.
        counterfactuals: differences within counterfactual pairs; None where the data has none.
        rivals: λ of each rival by its method.
        collapsed_rivals: methods of the rivals whose point has collapsed.
        paired: the trigger against other conditions on the same rows, by the name of the average (the attribute's:
            "cam_share", "erasure", …); empty in older results.
        flat: the share that a map would reach which is the same everywhere, by the name of the average.
        by_group: the share of the maps on the first region by group: of pictures `ImageExplanation.positive_share`, of
            texts `TextExplanation.ig_identity_share`; empty in older results. `paired` has it as "by_group.<group>".
        collapsed_controls: names of the controls that have collapsed on the rows of the explanations; None where it is
            not known: in older results, and where rows were too few.
    """

    lams: list[float]
    rows: int
    regions: list[str] = field(default_factory=list)
    counterfactuals: CounterfactualMeans | None = None
    rivals: dict[str, float] = field(default_factory=dict)
    collapsed_rivals: list[str] = field(default_factory=list)
    paired: dict[str, Paired] = field(default_factory=dict)
    flat: dict[str, float] = field(default_factory=dict)
    by_group: dict[str, Means] = field(default_factory=dict)
    collapsed_controls: list[str] | None = None

    def averages(self) -> JsonObject:
        """What follows ``lams``, ``rows`` and the rivals in JSON."""
        raise NotImplementedError

    def to_json(self) -> JsonObject:
        """As results have it; what is empty or not known is left out."""
        found: JsonObject = plain({
            "lams": self.lams,
            "rows": self.rows,
            **rivals_note(self.rivals, self.collapsed_rivals),
            **self.averages(),
            **paired_to_json(self.paired),
            **({"flat": self.flat} if self.flat else {}),
            **({"by_group": {name: each.to_json() for name, each in self.by_group.items()}} if self.by_group else {}),
            **({} if self.collapsed_controls is None else {"collapsed_controls": self.collapsed_controls}),
        })  # fmt: skip
        return found


@dataclass(frozen=True, kw_only=True)
class ImageExplanation(Explanation):
    """Averages over photos.

    Attributes:
        cam_share: Grad-CAM on the first region over that on both regions, 0 … 1.
        erasure: effect of blanking a region.
        ig_share: Integrated Gradients on the first region over those on both regions, 0 … 1.
        positive_share: as ``cam_share``, for the positive class of two whatever is predicted; None in older results.
    """

    cam_share: Means | None = None
    erasure: ErasureMeans | None = None
    ig_share: Means | None = None
    positive_share: Means | None = None

    def averages(self) -> JsonObject:
        first = _first(self.regions)
        found: JsonObject = plain({
            "regions": self.regions,
            f"{first}_share": self.cam_share and self.cam_share.to_json(),
            "erasure": self.erasure and self.erasure.to_json(),
            "twins": self.counterfactuals and self.counterfactuals.to_json(),
            f"ig_{first}_share": self.ig_share and self.ig_share.to_json(),
            **({f"positive_{first}_share": self.positive_share.to_json()} if self.positive_share else {}),
        })  # fmt: skip
        return found


@dataclass(frozen=True, kw_only=True)
class TextExplanation(Explanation):
    """Averages over texts.

    Attributes:
        ig_identity_share: share of the size of Integrated Gradients on identity words, 0 … 1.
    """

    ig_identity_share: Means | None = None

    def averages(self) -> JsonObject:
        found: JsonObject = plain({
            "regions": self.regions,
            "ig_identity_share": self.ig_identity_share and self.ig_identity_share.to_json(),
            "twins": self.counterfactuals and self.counterfactuals.to_json(),
        })  # fmt: skip
        return found


def explanation_from_json(values: UncheckedJson) -> ImageExplanation | TextExplanation:
    """Read ``curve["explain"]`` of a result; averages that an early version did not have are None.

    Raises:
        ValueError: a value is missing, or of another kind.
    """
    try:
        shared = _shared().validate_python({name: values[name] for name in _SHARED if name in values})
        pairs, erasure, first = values.get("twins"), values.get("erasure"), _first(shared.get("regions", []))
        counterfactuals = CounterfactualMeans.from_json(pairs) if pairs else None
        paired = paired_from_json(values)
        groups = {name: means_from_json(each) for name, each in values.get("by_group", {}).items()}
        shared_values: dict[str, Any] = {**shared, "by_group": {name: each for name, each in groups.items() if each}}
        if "ig_identity_share" in values:
            share = means_from_json(values["ig_identity_share"])
            return TextExplanation(
                **shared_values, counterfactuals=counterfactuals, ig_identity_share=share, paired=paired
            )
        return ImageExplanation(
            **shared_values,
            counterfactuals=counterfactuals,
            paired=paired,
            cam_share=means_from_json(values.get(f"{first}_share")),
            erasure=ErasureMeans.from_json(erasure) if erasure else None,
            ig_share=means_from_json(values.get(f"ig_{first}_share")),
            positive_share=means_from_json(values.get(f"positive_{first}_share")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{error!s:.60} is missing or of another kind") from error


class SharedJson(TypedDict):
    """The keys that explanations of pictures and of texts share, as `Explanation` has them."""

    lams: list[float]
    rows: int
    regions: NotRequired[list[str]]
    rivals: NotRequired[dict[str, float]]
    collapsed_rivals: NotRequired[list[str]]
    flat: NotRequired[dict[str, float]]
    collapsed_controls: NotRequired[list[str]]


_SHARED = tuple(SharedJson.__annotations__)


@cache
def _shared() -> TypeAdapter[SharedJson]:
    return TypeAdapter(SharedJson)


def _first(regions: list[str]) -> str:
    return regions[0] if regions else "region"
