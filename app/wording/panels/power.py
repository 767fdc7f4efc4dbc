"""Sentences about the power of a test set: which change of a gap it can detect."""

from fairprog_core.report.wording.power import NONE as NONE
from fairprog_core.report.wording.power import needed as needed
from fairprog_core.report.wording.power import smallest as smallest

TITLE = "What this test set can detect"
ASK = "Change to detect"
ASK_HELP = "In the unit of the gap, for example 0.01."
