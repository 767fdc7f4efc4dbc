"""Sentences of the auditor's panel: how much the predictions still reveal about the group (leakage)."""

from app.wording.shared import inside
from fairprog_core.metrics.intervals import EstimateJson
from fairprog_core.metrics.point import LeakageJson
from fairprog_core.report.wording.leakage import CEILING as CEILING
from fairprog_core.report.wording.leakage import NONE as NONE
from fairprog_core.report.wording.leakage import bits as bits
from fairprog_core.report.wording.leakage import lead as lead
from fairprog_core.report.wording.leakage import verdict as verdict

TITLE = "How much do the predictions reveal about the group?"
AXIS = "Bits about the group"
CHANCE = "chance"
LABEL = (
    "Leakage: the bits about the group that the strongest auditor recovers, compared with knowing only how frequent "
    "the groups are; with 95 % intervals over test rows. 0 is chance. λ is the one chosen on validation rows."
)
COLUMNS = ("", AXIS, "Group predicted right", "By chance")
BASE = "base"
AT = "λ = {lam}"


def row(name: str, audit: LeakageJson) -> list[str]:
    """A row of the table with the chart's figures."""
    return [name, bits(audit["bits"]), _share(audit["accuracy"]), f"{audit['chance']:.1%}"]


def _share(found: EstimateJson) -> str:
    low, high = inside.ends(found)
    return f"{found['value']:.1%} [{low:.1%}, {high:.1%}]"
