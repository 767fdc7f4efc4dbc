"""fairprog: fairness reprogramming of frozen classifiers.

The public names are loaded when they are first used, so that ``import fairprog_core`` is quick and
leaves torch alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fairprog_core.common.process.version import VERSION

if TYPE_CHECKING:
    from fairprog_core.api.auditing.audit import audit as audit
    from fairprog_core.api.own_model.load import load_reprogrammed as load_reprogrammed
    from fairprog_core.api.own_model.reprogram import reprogram as reprogram
    from fairprog_core.api.own_model.reprogrammed import Reprogrammed as Reprogrammed
    from fairprog_core.api.run import run as run
    from fairprog_core.api.stress import stress as stress
    from fairprog_core.common.errors import FairprogError as FairprogError
    from fairprog_core.common.home import Home as Home
    from fairprog_core.deploy.export.export import export as export
    from fairprog_core.deploy.passport.card import model_card as model_card
    from fairprog_core.deploy.passport.hub import from_pretrained as from_pretrained
    from fairprog_core.deploy.passport.hub import push_to_hub as push_to_hub
    from fairprog_core.deploy.passport.hub import save_pretrained as save_pretrained
    from fairprog_core.pipeline.jobs.frozen_base import load_classifier as load_classifier
    from fairprog_core.report.write import write_report as write_report
    from fairprog_core.results.result import Result as Result
    from fairprog_core.runs import Store as Store
    from fairprog_core.study import Study as Study
    from fairprog_core.study.load import load_study as load_study
    from fairprog_core.triggers.base import load_trigger as load_trigger
    from fairprog_core.triggers.passport import Passport as Passport

_HOMES = {
    "FairprogError": "common.errors",
    "Home": "common.home",
    "Passport": "triggers.passport",
    "Reprogrammed": "api.own_model.reprogrammed",
    "Result": "results.result",
    "Store": "runs",
    "Study": "study",
    "audit": "api.auditing.audit",
    "export": "deploy.export.export",
    "from_pretrained": "deploy.passport.hub",
    "load_classifier": "pipeline.jobs.frozen_base",
    "load_reprogrammed": "api.own_model.load",
    "load_study": "study.load",
    "load_trigger": "triggers.base",
    "model_card": "deploy.passport.card",
    "push_to_hub": "deploy.passport.hub",
    "reprogram": "api.own_model.reprogram",
    "run": "api.run",
    "save_pretrained": "deploy.passport.hub",
    "stress": "api.stress",
    "write_report": "report.write",
}

__all__ = [
    "FairprogError", "Home", "Passport", "Reprogrammed", "Result", "Store", "Study",
    "audit", "export", "from_pretrained", "load_classifier", "load_reprogrammed", "load_study", "load_trigger",
    "model_card", "push_to_hub", "reprogram", "run", "save_pretrained", "stress", "write_report",
]  # fmt: skip

__version__ = VERSION


def __getattr__(name: str) -> Any:
    """Import a public name where it is defined."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted([*globals(), *_HOMES])
