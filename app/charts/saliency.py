"""Charts of the page Saliency: averages over test rows along λ."""

from collections.abc import Sequence

from app.charts.along import along, frames
from app.charts.plot import Plot
from app.models.frame import MarkerFrame
from fairprog_core.report.wording.averages import POSITIVE_SHARE as POSITIVE_SHARE
from fairprog_core.report.wording.averages import Average as Average
from fairprog_core.report.wording.averages import averages as averages
from fairprog_core.report.wording.averages import averages_of_texts as averages_of_texts
from fairprog_core.report.wording.averages import of_groups as of_groups


def chart(average: Average, lams: Sequence[float], picked: int) -> Plot:
    """Chart of one average along λ."""
    return along(
        [average.line], lams, y_title=average.names.axis, label=average.names.label, picked=picked, flat=average.flat
    )


def marker_frames(average: Average, n_lams: int) -> list[MarkerFrame]:
    """The marker's position in an average's chart at every λ."""
    return frames([average.line], n_lams)
