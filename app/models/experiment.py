"""A row of an experiment on the page Compare, with its run."""

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.experiments import ExperimentRow


class RunRow(ExperimentRow):
    """A row of ``fairprog_core.results.experiments``, and the id of its run."""

    run: str


def name(row: ExperimentRow) -> str:
    """The trigger of a row; its method where it has no trigger."""
    return row["trigger"] or row["method"]


def gap(row: ExperimentRow) -> Estimate:
    """The gap at the chosen λ."""
    return Estimate.of(row["gap"], row["gap_ci"])


def base_gap(row: ExperimentRow) -> Estimate:
    """The gap of the base classifier."""
    return Estimate.of(row["base_gap"], row["base_gap_ci"])
