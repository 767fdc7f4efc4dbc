"""A study: all options of a computation; loaded from presets, TOML and JSON. Torch-free."""

from fairprog_core.study.plan import CurvePlan
from fairprog_core.study.study import Study

__all__ = ["CurvePlan", "Study"]
