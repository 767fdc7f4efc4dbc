"""Explanations: what can be chosen. Torch-free; an implementation is imported when it is used.

An explainer turns a module (photos in, logits out, with a ``cam_layer``) and photos into one
saliency map per photo. "With the trigger" and "without" are therefore two modules, and one
explainer serves both.
"""

from typing import Literal

from pydantic import Field

from fairprog_core.options import Options
from fairprog_core.registry import Entry


class GradCamOptions(Options):
    """Grad-CAM: which places of the last feature maps speak for the class."""

    kind: Literal["grad_cam"] = "grad_cam"
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Pictures at a time; changes speed and memory only.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


class IntegratedGradientsOptions(Options):
    """Integrated Gradients: how much every pixel of the photo adds to the class, against a baseline."""

    kind: Literal["integrated_gradients"] = "integrated_gradients"
    steps: int = Field(
        32, ge=1, le=1024, title="Steps", description="Points on the way from the baseline to the photo, at first."
    )
    max_steps: int = Field(
        256, ge=1, le=1024, title="Steps at most",
        description="Steps are doubled up to here while the attributions miss the change of the logit.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    tolerance: float = Field(
        0.01, gt=0, le=1, title="Tolerance",
        description="Largest convergence delta as a share of all that was attributed (the sum of the sizes).",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Pictures at a time; changes speed and memory only.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


class ProbeOptions(Options):
    """Demographic classifiers: trained to predict the group, without any trigger."""

    rows: int = Field(4000, ge=32, title="Tuning rows", description="Rows of the tuning split they learn from.")
    epochs: int = Field(2, ge=1, le=100, title="Epochs", description="Passes over these rows.")
    batch_size: int = Field(
        32, ge=8, le=1024, title="Batch size", description="Pictures per step.", json_schema_extra={"advanced": True}
    )
    learning_rate: float = Field(
        4e-3, gt=0, le=1, title="Learning rate", description="Peak of the one-cycle schedule, from new weights.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    warm_learning_rate: float = Field(
        2e-3, gt=0, le=1, title="Learning rate from the base's weights", description="Peak of the schedule there.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


SURVEYS = {"image": "fairprog_core.explain.survey:survey"}  # what looks inside a curve, by the data's modality

EXPLAINERS = {
    "grad_cam": Entry(GradCamOptions, "fairprog_core.explain.grad_cam:GradCam"),
    "integrated_gradients": Entry(
        IntegratedGradientsOptions, "fairprog_core.explain.integrated_gradients:IntegratedGradients"
    ),
}
