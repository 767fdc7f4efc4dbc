"""A look inside one curve: saliency, erasure, twins and the probe, for every λ and for three controls.

All conditions see the same rows of the test split, drawn evenly over its (z, y) cells; means are
weighted back to the natural mix (`averages`). Where a row costs more, fewer rows are used; every
mean says how many.

Notation: n rows, m gallery photos, s image side.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.classifiers.image import ImageClassifier, to_pixels
from fairprog_core.data.base import Dataset
from fairprog_core.explain import GradCamOptions, IntegratedGradientsOptions, ProbeOptions
from fairprog_core.explain.averages import Mean, Rows
from fairprog_core.explain.base import Saliency, logits_of
from fairprog_core.explain.conditions import Condition, Conditions, by_condition, stacked
from fairprog_core.explain.gallery import pick, to_int8, to_uint8
from fairprog_core.explain.grad_cam import GradCam, normalise
from fairprog_core.explain.integrated_gradients import IntegratedGradients
from fairprog_core.explain.pool import draw_pool
from fairprog_core.explain.probe import (
    INITS,
    NULLS,
    demographic_classifier,
    group_probability,
    null_pictures,
)
from fairprog_core.explain.reading import READINGS, summarise
from fairprog_core.explain.regions import erase, erasure, share
from fairprog_core.explain.twins import compare
from fairprog_core.home import Home
from fairprog_core.triggers.image import ImageTrigger

ERASURE_ROWS = 300
TWIN_PAIRS = 200
IG_ROWS = 48
IG_SHARE_STEPS = 8  # moves the averaged share by less than .003 against 256 steps

T = TypeVar("T")
Work = Generator[str, None, T]  # yields what is done next, returns its result


class Looks(Protocol):
    """How much is looked at (the study's ``explain``)."""

    @property
    def gallery(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def probe(self) -> bool: ...


class Findings(NamedTuple):
    """What a survey found: two JSON summaries, the gallery's arrays and their description."""

    explain: dict[str, Any]
    probe: dict[str, Any] | None
    gallery: dict[str, NDArray[Any]]
    metadata: dict[str, Any]


class Step(NamedTuple):
    """Progress: what is done next, the finished share, and at the very end the findings."""

    label: str
    fraction: float
    findings: Findings | None = None


def survey(
    dataset: Dataset,
    classifier: ImageClassifier,
    trigger: ImageTrigger,
    lams: Sequence[float],
    options: Looks,
    *,
    home: Home | None = None,
    device: torch.device | str = "cpu",
    seed: int = 0,
    chosen_lam: float | None = None,
    **about: Any,
) -> Iterator[Step]:
    """Look inside one curve, step by step; closing the generator cancels.

    A step takes about half a second; an epoch of a demographic classifier, the first time, up to two.

    Args:
        dataset: gives test rows, masks, twins and the tuning split.
        classifier: the frozen base; its weights are not touched and no hook is left behind.
        trigger: the trained trigger; not changed.
        lams: the λ values to report.
        options: sizes of gallery and averages, and whether to probe.
        home: whose cache keeps the demographic classifiers; None: the data set's.
        device: where classifier and trigger are.
        seed: of the rows and of the noise picture.
        chosen_lam: the quoted λ, at which the gallery looks for changed predictions; None: the middle one.
        about: further JSON values for the gallery's description (criterion, …).

    Yields:
        Steps; the last one carries the findings.
    """
    work = Survey(
        dataset, classifier, trigger, lams, options, home=home or dataset.home, device=torch.device(device), seed=seed
    )
    chosen = lams[len(lams) // 2] if chosen_lam is None else chosen_lam
    running = work.run(chosen, about)
    total, done = 6 * len(work.conditions) + 2 + 10 * options.probe, 0
    try:
        while True:
            label = next(running)
            yield Step(label, min(done / total, 0.99))
            done += 1
    except StopIteration as end:
        yield Step("Looking inside is finished", 1.0, end.value)
    finally:
        running.close()


class Survey:
    """The parts of a survey; `survey` runs them one after the other."""

    def __init__(
        self,
        dataset: Dataset,
        classifier: ImageClassifier,
        trigger: ImageTrigger,
        lams: Sequence[float],
        options: Looks,
        *,
        home: Home,
        device: torch.device,
        seed: int,
    ) -> None:
        self.dataset, self.options, self.device, self.seed = dataset, options, device, seed
        self.classifier, self.home = classifier, home
        self.conditions = Conditions(classifier, trigger, lams)

    def run(self, chosen_lam: float, about: dict[str, Any]) -> Work[Findings]:
        """Everything."""
        yield "Test rows"
        pool = self.pool = draw_pool(
            self.dataset, max(self.options.rows, self.options.gallery, 1), seed=self.seed, device=self.device
        )
        self.x = self.conditions.fit(pool.x)
        self.nulls = null_pictures(self.dataset.split("tune"), seed=self.seed)
        yield from self.look()
        first = pool.regions[0] if pool.regions else "region"
        explain: dict[str, Any] = {"lams": self.conditions.lams, "regions": pool.regions}
        explain["rows"] = len(pool) if self.options.rows else 0
        explain[f"{first}_share"] = self.cam_share()
        explain["erasure"] = yield from self.erasure()
        explain["twins"] = yield from self.twins()
        explain[f"ig_{first}_share"] = yield from self.ig_share()
        gallery, how = yield from self.gallery(chosen_lam)
        probe = yield from self.probe()
        metadata = {
            "labels": list(self.dataset.labels),
            "groups": list(self.dataset.groups.names),
            "trigger": self.conditions.trigger.options.kind,
            "seed": self.seed,
            **how,
            **about,
        }
        return Findings(explain, probe, gallery, metadata)

    def each(self, label: str) -> Iterator[tuple[str, Condition]]:
        """The conditions, each with a label for the screen."""
        return ((f"{label}, {condition.name}", condition) for condition in self.conditions)

    @property
    def has_averages(self) -> bool:
        """Whether shares on regions are asked for and can be had."""
        return bool(self.pool.regions and self.options.rows)

    def look(self) -> Work[None]:
        """Grad-CAM, logits and features of the pool: one pass per condition."""
        explainer = GradCam(GradCamOptions())
        self.cams: list[Saliency] = []
        self.features: list[NDArray[np.float32]] = []
        for label, condition in self.each("Grad-CAM"):
            yield label
            model = condition.model
            model.is_recording = True
            self.cams.append(explainer.explain(model, self.x.of(condition)))
            model.is_recording = False
            self.features.append(torch.cat(model.seen).float().cpu().numpy())
            model.seen.clear()

    def cam_share(self) -> dict[str, Any] | None:
        """Mean share of Grad-CAM on the first region."""
        if not self.has_averages:
            return None
        rows = self.pool.rows()
        masks = [self.conditions.place(mask) for mask in self.pool.masks]
        shares = [
            share(cam.maps.to(self.device), *(mask.of(condition) for mask in masks))
            for cam, condition in zip(self.cams, self.conditions, strict=True)
        ]
        return by_condition([rows.mean(values) for values in shares])

    def erasure(self) -> Work[dict[str, Any] | None]:
        """Mean |Δ logit margin| when a region is blanked, and the ratio of the two regions."""
        if not self.has_averages:
            return None
        n = min(ERASURE_ROWS, len(self.pool))
        rows, x = self.pool.rows(n), self.pool.x[:n]
        changes: list[list[NDArray[np.float64]]] = []
        for name, mask in zip(self.pool.regions, self.pool.masks, strict=True):
            erased = self.conditions.fit(erase(x, mask[:n]))
            changes.append([])
            for (label, condition), cam in zip(self.each(f"Erasing {name}"), self.cams, strict=True):
                yield label
                changes[-1].append(erasure(condition.model, erased.of(condition), cam.logits[:n].numpy()))
        first, second = changes
        ratio = [rows.ratio(above, below) for above, below in zip(first, second, strict=True)]
        means = {
            name: by_condition([rows.mean(values) for values in change])
            for name, change in zip(self.pool.regions, changes, strict=True)
        }
        return {**means, "ratio": by_condition(ratio)}

    def twins(self) -> Work[dict[str, Any] | None]:
        """What Z alone changes; the pairs' labels follow the natural mix, so all pairs count alike."""
        if not self.options.rows:
            return None
        yield "Drawing twins"
        pairs = self.dataset.twins(TWIN_PAIRS)
        if pairs is None:
            return None
        rows = Rows(np.ones(len(pairs.y)), np.zeros(len(pairs.y), dtype=np.int64))
        first, second = (self.conditions.fit(to_pixels(np.array(x), self.device)) for x in (pairs.first, pairs.second))
        difference: list[Mean | None] = []
        flips: list[Mean | None] = []
        for label, condition in self.each("Twins"):
            yield label
            logits = [logits_of(condition.model, twin.of(condition)).numpy() for twin in (first, second)]
            found = compare(logits[0], logits[1], pairs.y)
            difference.append(rows.mean(found.logit_difference))
            flips.append(rows.mean(found.flips))
        return {
            "names": list(pairs.names),
            "logit_difference": by_condition(difference),
            "flip_share": by_condition(flips),
        }

    def attributions(self, label: str, rows: NDArray[np.int64], **steps: int) -> Work[list[Saliency]]:
        """Integrated Gradients of some rows of the pool under every condition, for the class that Grad-CAM explains."""
        options = IntegratedGradientsOptions.parse(steps)
        explainer = IntegratedGradients(options, baseline=to_pixels(self.nulls[:1], self.device)[0])
        found = []
        for (text, condition), cam in zip(self.each(f"Integrated Gradients, {label}"), self.cams, strict=True):
            yield text
            front = None if condition.model.trigger is None else self.conditions.trigger.fit_photo
            found.append(explainer.explain(condition.model, self.pool.x[rows], target=cam.target[rows], front=front))
        return found

    def ig_share(self) -> Work[dict[str, Any] | None]:
        """Mean share of the size of Integrated Gradients on the first region, in the photo."""
        if not self.has_averages:
            return None
        n = min(IG_ROWS, len(self.pool))
        rows = self.pool.rows(n)
        found = yield from self.attributions("averages", np.arange(n), steps=IG_SHARE_STEPS, max_steps=IG_SHARE_STEPS)
        first, second = (mask[:n].float().cpu() for mask in self.pool.masks)
        return by_condition([rows.mean(share(one.maps, first, second)) for one in found])

    def gallery(self, chosen_lam: float) -> Work[tuple[dict[str, NDArray[Any]], dict[str, Any]]]:
        """The arrays of the gallery's file, and how they were made."""
        pool, cams = self.pool, self.cams
        at = self.conditions.nearest(chosen_lam)
        is_changed = (cams[0].logits.argmax(1) != cams[at].logits.argmax(1)).numpy()
        rows = pick(pool.y, pool.z, is_changed, self.options.gallery)
        arrays: dict[str, NDArray[Any]]
        arrays = {"photo": pool.photo[rows], "row": pool.row[rows], "y": pool.y[rows], "z": pool.z[rows]}
        arrays |= {"lams": np.array(self.conditions.lams, dtype=np.float64), "nulls": self.nulls}
        arrays |= self.conditions.pictures()
        arrays |= stacked("logits", [cam.logits[rows].numpy() for cam in cams])
        arrays |= stacked("cam", [to_uint8(normalise(cam.maps[rows]).numpy()) for cam in cams])
        if len(rows):
            arrays |= stacked("cam_class", self.cam_of_every_class(rows))
            found = yield from self.attributions("gallery", rows)
            arrays |= stacked("ig", [to_int8(one.maps.numpy()) for one in found])
            for name in ("delta", "steps", "converged"):
                arrays |= stacked(f"ig_{name}", [getattr(one, name).numpy() for one in found])
        options = IntegratedGradientsOptions()
        return arrays, {
            "layer": "last feature maps, {}×{}".format(*cams[0].maps.shape[1:]),
            "ig_steps": options.steps,
            "ig_max_steps": options.max_steps,
            "ig_tolerance": options.tolerance,
            "ig_baseline": "mean photo of the tuning split",
            "picked": "Evenly over group and label; in each cell up to half are photos whose prediction changes at "
            f"λ = {self.conditions.lams[at - 3]:g}, in either direction.",
        }

    def cam_of_every_class(self, rows: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        """Grad-CAM of some rows of the pool for each of the c classes, (m, c, a, a) per condition."""
        explainer, classes = GradCam(GradCamOptions()), range(len(self.dataset.labels))
        maps = [
            [explainer.explain(one.model, self.x.of(one, rows), target=target).maps for target in classes]
            for one in self.conditions
        ]
        return [to_uint8(torch.stack([normalise(one) for one in each], 1).numpy()) for each in maps]

    def probe(self) -> Work[dict[str, Any] | None]:
        """What demographic classifiers read in null pictures, and what the base's features tell."""
        if not self.options.probe:
            return None
        nulls = self.conditions.fit(to_pixels(self.nulls, self.device))
        seen = [condition.model.picture(nulls.of(condition)) for condition in self.conditions]
        rows, patterns = self.pool.rows(), self.dataset.groups.patterns
        classifiers = []
        for init in INITS:
            training = demographic_classifier(
                init, self.dataset, self.classifier, home=self.home, options=ProbeOptions(), device=self.device
            )
            reader = yield from labelled(training, f"Demographic classifier, {init}")
            accuracy = rows.mean(logits_of(reader, self.pool.x).argmax(1).numpy() == self.pool.z)
            said = [group_probability(reader, x, patterns).tolist() for x in seen]  # per condition (4, g)
            classifiers.append({
                "name": "weights of the base" if init == "base weights" else f"new weights, {init}",
                "init": init,
                "accuracy": accuracy and accuracy["value"],
                "accuracy_ci": accuracy and accuracy["ci"],
                "n": accuracy and accuracy["n"],
                "probability": {name: by_condition([p[i] for p in said]) for i, name in enumerate(NULLS)},
            })  # fmt: skip
        yield "Reading the group from the base's features"
        logits = [cam.logits.numpy() for cam in self.cams] if self.options.rows else []
        return {
            "lams": self.conditions.lams,
            "groups": list(self.dataset.groups.names),
            "nulls": list(NULLS),
            "classifiers": classifiers,
            **(summarise(self.features, logits, self.pool.y, self.pool.z) if logits else dict.fromkeys(READINGS)),
        }


def labelled(work: Generator[Any, None, T], label: str) -> Work[T]:
    """Run a generator for its result; whatever it yields becomes one label."""
    yield label
    try:
        while True:
            next(work)
            yield label
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        work.close()
