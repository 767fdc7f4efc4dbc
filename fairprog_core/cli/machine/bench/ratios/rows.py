"""The rows of ``fairprog bench``: a figure of fairprog, that of a reference, and their ratio. Torch-free.

Every figure is a cost: less is better, so that a ratio above 1 says that fairprog is faster or smaller.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from fairprog_core.cli.machine.bench.ratios.equality import Equality
from fairprog_core.metrics.intervals import Estimate

SCHEMA = "fairprog.bench/2"
HEAD = (
    "| name | unit | fairprog | reference | ratio | from | to | share of the floor | times |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)


@dataclass(frozen=True)
class BenchRow:
    """One figure.

    Attributes:
        suite: key of the suite.
        name: ``suite/name``, the same in every version.
        unit: of `ours` and `reference`.
        ours: the median of fairprog's figures.
        reference: the median of the reference's figures; None: there is no reference.
        ratio: reference / ours; above 1: fairprog is faster.
        ratio_low: the smallest ratio of two neighbouring measurements.
        ratio_high: the largest.
        floor_share: time that the counted operations take at the device's peak rates / `ours`, 0 to 1; None: not
            counted.
        n: how often each side was measured.
        work: what was measured and what the reference is, for the table's reader.
        hypervolume_ratio: of curves: hypervolume of fairprog's / the reference's, with its 95 % interval over test
            rows; None: not compared.
        gap: whether fairprog's curves have the same gap as the reference's; None: not tested.
    """

    suite: str
    name: str
    unit: str
    ours: float
    reference: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    floor_share: float | None = None
    n: int = 1
    work: str = ""
    hypervolume_ratio: Estimate | None = None
    gap: Equality | None = None

    @classmethod
    def paired(
        cls, name: str, unit: str, ours: Sequence[float], reference: Sequence[float], *, work: str,
        floor: float | None = None, hypervolume_ratio: Estimate | None = None, gap: Equality | None = None,
    ) -> "BenchRow":  # fmt: skip
        """The row of two sides that were measured in turns.

        Args:
            name: ``suite/name``.
            unit: of all figures.
            ours: fairprog's figures.
            reference: the reference's, in the same order.
            work: what was measured.
            floor: time at the device's peak rates, in `unit`.
            hypervolume_ratio: of curves.
            gap: of curves.
        """
        ratios = [theirs / own for own, theirs in zip(ours, reference, strict=True)]
        median, of_reference = statistics.median(ours), statistics.median(reference)
        return cls(
            name.partition("/")[0], name, unit, median, of_reference, of_reference / median, min(ratios), max(ratios),
            None if floor is None else floor / median, len(ratios), work, hypervolume_ratio, gap,
        )  # fmt: skip

    @classmethod
    def alone(cls, name: str, unit: str, value: float, *, n: int = 1, work: str = "") -> "BenchRow":
        """The row of a figure without a reference."""
        return cls(name.partition("/")[0], name, unit, value, n=n, work=work)

    def to_json(self) -> dict[str, JsonValue]:
        """JSON values; a row of curves has the ratio of hypervolumes too, or the difference of gaps."""
        values: dict[str, JsonValue] = {
            name: getattr(self, name)
            for name in (
                "suite", "name", "unit", "ours", "reference", "ratio", "ratio_low", "ratio_high", "floor_share", "n",
            )
        }  # fmt: skip
        if self.gap is not None:
            values |= self.gap.to_json("gap")
        if self.hypervolume_ratio is None:
            return values
        value, ci = self.hypervolume_ratio
        low, high = ci or (None, None)
        return values | {
            "hypervolume_ratio": value, "hypervolume_ratio_low": low, "hypervolume_ratio_high": high,
        }  # fmt: skip


def table_row(row: BenchRow) -> str:
    """A row of the table that `HEAD` begins; a ratio of hypervolumes, or a difference of gaps, follows the name."""
    name = row.name
    if row.hypervolume_ratio is not None and (found := row.hypervolume_ratio).value is not None:
        between = "" if found.ci is None else f" [{found.ci[0]:.3f}, {found.ci[1]:.3f}]"
        name += f" (hypervolume × {found.value:.3f}{between})"
    if row.gap is not None:
        name += f" (gap {row.gap})"
    cells = (row.ours, row.reference, row.ratio, row.ratio_low, row.ratio_high, row.floor_share)
    return f"| {name} | {row.unit} | {' | '.join('–' if cell is None else f'{cell:.4g}' for cell in cells)} | {row.n} |"
