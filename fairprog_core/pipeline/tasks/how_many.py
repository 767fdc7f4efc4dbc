"""How many tasks of a study are computed at once."""

import sys
from collections.abc import Sequence

import psutil
import torch

from fairprog_core.common.limits import limits
from fairprog_core.pipeline.tasks.processes import SharedProcesses
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_seconds

WORTH_SECONDS = 5.0  # of work per process: starting one and opening the study costs one or two
MEMORY_SHARE = 0.8  # of the free memory that the processes may fill


def n_at_once(study: Study, *, device: torch.device, most: int | None) -> int:
    """The number of tasks; 1: they are computed in this process.

    A black box is asked by one process, as its answers count in the order in which they are asked for. A GPU computes
    one task unless more are asked for, which `sharing` distributes. On the CPU every process gets the study's threads,
    and needs about as much memory as this one.

    Args:
        study: the study.
        device: that it computes on.
        most: as many as were asked for; None: as many as the cores, the memory and the work are enough for.
    """
    n_curves = len(study.plan())
    if study.classifier.only_answers or most == 1 or n_curves == 1:
        return 1
    if most is not None or device.type != "cpu":
        return min(n_curves, n_places([study], device=device, most=most))
    costs = expected_seconds(study, trains_base=False)
    work = sum(seconds for stage, seconds in costs.items() if stage not in ("data", "base"))
    return max(min(n_curves, n_places([study], device=device, most=None), int(work / WORTH_SECONDS)), 1)


def n_places(studies: Sequence[Study], *, device: torch.device, most: int | None) -> int:
    """The number of processes that this machine has room for, whatever the work.

    Args:
        studies: that they compute.
        device: that they compute on.
        most: as many as were asked for; None: as many as the cores and the memory, or the GPUs, are enough for.
    """
    allowed = limits().jobs
    if device.type == "cuda":
        return min(allowed, most or torch.cuda.device_count())
    if device.type != "cpu":
        return 1
    if most is not None:
        return min(most, allowed)
    cores = limits().threads // max(study.threads or 1 for study in studies)
    memory = psutil.virtual_memory().available * MEMORY_SHARE / psutil.Process().memory_info().rss
    return max(min(allowed, cores, int(memory)), 1)


def sharing(n: int, *, device: torch.device) -> SharedProcesses | None:
    """How n tasks at once share processes: on GPUs, those of one GPU are computed by one process.

    Args:
        n: at least 1.
        device: that they are computed on.
    """
    if device.type != "cuda" or sys.platform == "win32":  # whose pipes hold less than one answer
        return None
    n_gpus = torch.cuda.device_count()
    return SharedProcesses(n_gpus, -(-n // n_gpus))
