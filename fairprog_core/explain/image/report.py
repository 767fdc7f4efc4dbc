"""The explanations of one curve on photos: saliency, erasure, counterfactual pairs and the probe.

Each is computed for every condition: without a trigger, with two controls, at every λ, and for rivals.

Notation: n rows, m gallery photos, s image side.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers import ClassifierOptions
from fairprog_core.classifiers.image import to_pixels
from fairprog_core.explain import GradCamOptions, IntegratedGradientsOptions, ProbeOptions
from fairprog_core.explain.averages import RowValues, WeightedRows
from fairprog_core.explain.base import Saliency, Work, logits_of
from fairprog_core.explain.conditions import Rival
from fairprog_core.explain.counterfactuals import compare
from fairprog_core.explain.gallery import to_int8, to_uint8
from fairprog_core.explain.image.conditions import Condition, ImageConditions
from fairprog_core.explain.image.grad_cam import GradCam, mean_map, normalise
from fairprog_core.explain.image.integrated_gradients import AffineMap, IntegratedGradients
from fairprog_core.explain.image.null_pictures import NULLS, null_pictures
from fairprog_core.explain.image.regions import erase, erasure, find_regions, share
from fairprog_core.explain.report import ExplanationReport, explain_curve
from fairprog_core.metrics.explanations.averages import CounterfactualMeans, ErasureMeans, ImageExplanation
from fairprog_core.metrics.explanations.by_condition import Means
from fairprog_core.metrics.explanations.gallery import GalleryAbout, GalleryArrays, ImageNote, StudyNote, whole_note
from fairprog_core.triggers.image import ImageTrigger

ERASURE_ROWS = 300
MEAN_ROWS = 300  # of the maps by group
POSITIVE = 1  # of two classes
N_PAIRS = 200
IG_ROWS = 48
IG_SHARE_STEPS = 8  # moves the averaged share by less than .003 against 256 steps


class ImageReport(ExplanationReport):
    """The explanations of photos."""

    nulls: ClassVar[tuple[str, ...]] = NULLS
    rows_are: ClassVar[str] = "photos"
    conditions: ImageConditions

    def make_conditions(self, trigger: ImageTrigger, lams: Sequence[float], rivals: Sequence[Rival]) -> ImageConditions:
        return ImageConditions(self.classifier, trigger, lams, rivals)

    def prepare_rows(self) -> None:
        self.photos = to_pixels(self.pool.split.x, self.device)
        self.x = self.conditions.fit(self.photos)
        self.regions = find_regions(self.dataset, self.pool.row, device=self.device)
        self.null_pictures = null_pictures(self.dataset.split("tune"), seed=self.seed)

    def n_steps(self) -> int:
        return (6 + self.options.probe) * len(self.conditions) + 2 + 10 * self.options.probe

    def averages(self) -> Work[ImageExplanation]:
        """Shares on regions, erasure and counterfactual pairs."""
        return ImageExplanation(
            lams=self.conditions.lams,
            rows=self.n_averaged,
            regions=self.regions.names,
            cam_share=self.cam_share(),
            erasure=(yield from self.erasure()),
            counterfactuals=(yield from self.counterfactuals()),
            ig_share=(yield from self.ig_share()),
            positive_share=(yield from self.positive_share()),
            by_group=self.by_group,
            paired=self.paired,
            flat=self.flat,
        )

    @property
    def has_averages(self) -> bool:
        """Whether the study asks for averages and the data has regions."""
        return bool(self.regions.names and self.options.rows)

    def predict_rows(self) -> Work[None]:
        """Grad-CAM, logits and features of the pool: one pass per condition."""
        explainer = GradCam(GradCamOptions())
        self.cams: list[Saliency] = []
        self.positive_maps: list[Tensor] = []  # for the class of `positive_share`
        self.features, self.logits = [], []
        y = torch.from_numpy(self.pool.split.y).to(self.device)
        positive = POSITIVE if len(self.dataset.labels) == 2 else y
        for label, condition in self.each("Grad-CAM"):
            yield label
            with recorded_inputs(condition.classifier.head) as features:
                predicted, of_positive = explainer.explain_each(condition.model, self.x.of(condition), (None, positive))
            self.cams.append(predicted)
            self.positive_maps.append(of_positive.maps)
            self.features.append(torch.cat(features).float().cpu().numpy())
            self.logits.append(self.cams[-1].logits.numpy())

    def cam_share(self) -> Means | None:
        """Mean share of Grad-CAM on the first region."""
        if not self.has_averages:
            return None
        rows = self.pool.rows()
        masks = [self.conditions.place(mask) for mask in self.regions.masks]
        shares = [
            share(cam.maps.to(self.device), *(mask.of(condition) for mask in masks))
            for cam, condition in zip(self.cams, self.conditions, strict=True)
        ]
        # a trigger moves the photo, so the level of a flat map is taken where all the triggers have it
        level = rows.mean(share(torch.ones_like(self.x.placed[:, 0]), *(mask.placed for mask in masks)))
        return self.average("cam_share", [RowValues.of(values) for values in shares], rows, level)

    def positive_share(self) -> Work[Means | None]:
        """Mean share on the first region of Grad-CAM for the positive class, whatever is predicted, also by group.

        With more than two classes, only by group, and for the true class. Keeps the groups' mean maps for the gallery.
        """
        self.mean_maps: GalleryArrays = {}
        if not self.options.rows:
            return None
        n, is_binary = min(MEAN_ROWS, len(self.pool)), len(self.dataset.labels) == 2
        rows, maps = self.pool.rows(n), [each[:n] for each in self.positive_maps]
        yield "Grad-CAM by group"
        self.mean_maps = self.group_maps(maps, rows)
        if not self.has_averages:
            return None
        masks = [self.conditions.place(mask[:n]) for mask in self.regions.masks]
        values = [
            RowValues.of(share(each.to(self.device), *(mask.of(condition) for mask in masks)))
            for each, condition in zip(maps, self.conditions, strict=True)
        ]
        self.average_by_group(values, rows)
        if not is_binary:
            return None
        level = rows.mean(share(torch.ones_like(self.x.placed[:n, 0]), *(mask.placed for mask in masks)))
        return self.average("positive_share", values, rows, level)

    def group_maps(self, maps: Sequence[Tensor], rows: WeightedRows) -> GalleryArrays:
        """The mean photo and the mean map of every group; a map counts by where its weight is, not by how much it has.

        Args:
            maps: (n, a, b) per condition; those that are 0 everywhere do not count.
            rows: n of them.
        """
        weights = [rows.weight * each for each in self.members(len(rows.weight)).values()]  # g times (n,)
        photos = self.pool.split.x[: len(rows.weight)].astype(np.float32)
        means = [np.tensordot(each / max(each.sum(), 1e-12), photos, axes=1) for each in weights]
        return {
            "mean_photo": np.rint(np.stack(means)).astype(np.uint8),
            **self.conditions.stacked("mean_cam", [mean_map(each, weights) for each in maps]),
        }

    def erasure(self) -> Work[ErasureMeans | None]:
        """Mean |Δ logit margin| when a region is blanked, and the ratio of the two regions."""
        if not self.has_averages:
            return None
        n = min(ERASURE_ROWS, len(self.pool))
        rows, x = self.pool.rows(n), self.photos[:n]
        changes: list[list[NDArray[np.float64]]] = []
        for name, mask in zip(self.regions.names, self.regions.masks, strict=True):
            erased = self.conditions.fit(erase(x, mask[:n]))
            changes.append([])
            for (label, condition), cam in zip(self.each(f"Erasing {name}"), self.cams, strict=True):
                yield label
                changes[-1].append(erasure(condition.model, erased.of(condition), cam.logits[:n].numpy()))
        first, second = changes
        both = [RowValues(above, below) for above, below in zip(first, second, strict=True)]
        means = {
            name: self.conditions.by_condition([rows.mean(values) for values in change])
            for name, change in zip(self.regions.names, changes, strict=True)
        }
        return ErasureMeans(means, self.average("erasure", both, rows))

    def counterfactuals(self) -> Work[CounterfactualMeans | None]:
        """Differences within counterfactual pairs, which differ only in Z."""
        if not self.options.rows:
            return None
        yield "Drawing counterfactual pairs"
        pairs = self.dataset.twins(N_PAIRS)
        if pairs is None:
            return None
        fitted = [self.conditions.fit(to_pixels(np.array(x), self.device)) for x in (pairs.first, pairs.second)]
        found = []
        for label, condition in self.each("Counterfactual pairs"):
            yield label
            first, second = (logits_of(condition.model, photos.of(condition)).numpy() for photos in fitted)
            found.append(compare(first, second, pairs.y))
        return self.average_pairs(found, pairs.names)

    def attributions(self, label: str, rows: NDArray[np.int64], **steps: int) -> Work[list[Saliency]]:
        """Integrated Gradients of some rows of the pool under every condition, for the class that Grad-CAM explains."""
        options = IntegratedGradientsOptions.parse(steps)
        explainer = IntegratedGradients(options, baseline=to_pixels(self.null_pictures[:1], self.device)[0])
        found = []
        for (text, condition), cam in zip(self.each(f"Integrated Gradients, {label}"), self.cams, strict=True):
            yield text
            front, model = self.in_two(condition)
            found.append(explainer.explain(model, self.photos[rows], target=cam.target[rows], front=front))
        return found

    def in_two(self, condition: Condition) -> tuple[AffineMap | None, Callable[[Tensor], Tensor]]:
        """What a condition computes from photos, in two parts: an affine map, if there is one, and the rest."""
        classifier, place = condition.classifier, self.conditions.trigger.fit_photo
        if not classifier.begins_affine:
            return (place if condition.reprogrammed else None), condition.model

        def front(photos: Tensor) -> Tensor:
            return classifier.first_layers(condition.picture(place(photos) if condition.reprogrammed else photos))

        def rest(maps: Tensor) -> Tensor:
            logits: Tensor = classifier.head(classifier.other_layers(maps))
            return logits

        return front, rest

    def ig_share(self) -> Work[Means | None]:
        """Mean share of the size of Integrated Gradients on the first region, in the photo."""
        if not self.has_averages:
            return None
        n = min(IG_ROWS, len(self.pool))
        rows = self.pool.rows(n)
        found = yield from self.attributions("averages", np.arange(n), steps=IG_SHARE_STEPS, max_steps=IG_SHARE_STEPS)
        first, second = (mask[:n].float().cpu() for mask in self.regions.masks)
        shares = [share(one.maps, first, second) for one in found]
        level = rows.mean(share(torch.ones_like(first), first, second))
        return self.average("ig_share", [RowValues.of(values) for values in shares], rows, level)

    def gallery(self, chosen_lam: float, study: StudyNote) -> Work[tuple[GalleryArrays, GalleryAbout]]:
        """The arrays of the gallery's file, and the note about them."""
        cams = self.cams
        rows, arrays, picked = self.picked(chosen_lam)
        arrays |= {"photo": self.pool.split.x[rows], "nulls": self.null_pictures}
        arrays |= self.conditions.pictures() | self.mean_maps
        arrays |= self.conditions.stacked("logits", [cam.logits[rows].numpy() for cam in cams])
        arrays |= self.conditions.stacked("cam", [to_uint8(normalise(cam.maps[rows]).numpy()) for cam in cams])
        if len(rows):
            arrays |= self.conditions.stacked("cam_class", self.cam_of_every_class(rows))
            found = yield from self.attributions("gallery", rows)
            arrays |= self.conditions.stacked("ig", [to_int8(one.maps.numpy()) for one in found])
            for name in ("delta", "steps", "converged"):
                arrays |= self.conditions.stacked(f"ig_{name}", [getattr(one, name).numpy() for one in found])
        options = IntegratedGradientsOptions()
        note: ImageNote = {
            "layer": "{}, {}×{}".format(self.classifier.cam_title, *cams[0].maps.shape[1:]),
            "is_input_gradient": self.classifier.cam_layer is None,
            "ig_steps": options.steps,
            "ig_max_steps": options.max_steps,
            "ig_tolerance": options.tolerance,
            "ig_baseline": "mean photo of the tuning split",
            "picked": picked,
        }
        return arrays, whole_note(self.curve_note, note, study)

    def cam_of_every_class(self, rows: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        """Grad-CAM of some rows of the pool for each of the c classes, (m, c, a, a) per condition."""
        explainer, classes = GradCam(GradCamOptions()), range(len(self.dataset.labels))
        found = [explainer.explain_each(one.model, self.x.of(one, rows), classes) for one in self.conditions]
        return [to_uint8(torch.stack([normalise(one.maps) for one in each], 1).numpy()) for each in found]

    def empty_inputs(self) -> list[Tensor]:
        nulls = self.conditions.fit(to_pixels(self.null_pictures, self.device))
        return [condition.picture(nulls.of(condition)) for condition in self.conditions.on_base]

    def probe_options(self) -> ProbeOptions:
        options = self.classifier.options
        if isinstance(options, ClassifierOptions) and not options.needs_training:  # pretrained nets want smaller steps
            return ProbeOptions(warm_learning_rate=options.start_rate)
        return ProbeOptions()


@contextmanager
def recorded_inputs(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the inputs of a module, batch by batch, while the model around it runs."""
    seen: list[Tensor] = []
    hook = module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    try:
        yield seen
    finally:
        hook.remove()


explanation_report = partial(explain_curve, ImageReport)
