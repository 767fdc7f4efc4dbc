"""Refuses studies that ask for more than the limits of this machine allow. Torch-free.

Called when a study is submitted or begun, never when a saved one is read.
"""

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.limits import limits
from fairprog_core.study.study import Study


def check_limits(study: Study) -> None:
    """Refuse a study with too many threads, curves, values of λ or other bases; counts them without building them.

    Raises:
        ConfigError: one sentence that says what is allowed, and which variable of the environment sets it.
    """
    now = limits()
    grids = [study.lam.grid or (), *(each.grid for each in study.lam.per.values())]
    found = {
        "threads": (study.threads or 1, "threads"),
        "curves": (study.n_curves(), "curves"),
        "lams": (max(len(grid) for grid in grids), "values of λ in one curve"),
        "bases": (len(study.transfer), "other bases"),
    }
    for name, (n, things) in found.items():
        if n > getattr(now, name):
            raise ConfigError(now.refusal(name, f"This study has {n:,} {things}"))
