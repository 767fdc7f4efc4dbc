"""How many tasks of a study are computed at once."""

import psutil
import torch

from fairprog_core.common.limits import limits
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_seconds

WORTH_SECONDS = 5.0  # of work per process: starting one and opening the study costs one or two
MEMORY_SHARE = 0.8  # of the free memory that the processes may fill


def n_at_once(study: Study, *, device: torch.device, most: int | None) -> int:
    """The number of processes; 1: the tasks are computed in this one.

    A black box is asked by one process, as its answers count in the order in which they are asked for. A GPU is given
    to one process. On the CPU every process gets the study's threads, and needs about as much memory as this one.

    Args:
        study: the study.
        device: that it computes on.
        most: as many as were asked for; None: as many as the cores, the memory and the work are enough for.
    """
    n_curves = len(study.plan())
    allowed = limits().jobs
    if study.classifier.only_answers or most == 1 or n_curves == 1:
        return 1
    if device.type == "cuda":
        return min(n_curves, allowed, most or torch.cuda.device_count())
    if device.type != "cpu":
        return 1
    if most is not None:
        return min(n_curves, most, allowed)
    costs = expected_seconds(study, trains_base=False)
    work = sum(seconds for stage, seconds in costs.items() if stage not in ("data", "base"))
    cores = limits().threads // max(study.threads or 1, 1)
    memory = psutil.virtual_memory().available * MEMORY_SHARE / psutil.Process().memory_info().rss
    return max(min(n_curves, allowed, cores, int(work / WORTH_SECONDS), int(memory)), 1)
