"""The curve of a trigger that is learned by queries: as `TriggerCurve`, for as many steps as there are queries."""

from typing import ClassVar, cast

from fairprog_core.common.errors import ConfigError
from fairprog_core.methods import QueryReprogramOptions
from fairprog_core.methods.base import FitContext
from fairprog_core.methods.reprogramming.by_queries.query_reprogram import QueryReprogram, rows_per_step
from fairprog_core.methods.reprogramming.by_queries.query_search import QuerySearch, SearchSize
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.methods.reprogramming.trigger_curve import TriggerCurve
from fairprog_core.methods.reprogramming.trigger_training import TriggerTraining
from fairprog_core.methods.reprogramming.word_search import WordSearch
from fairprog_core.training.budget import Budget
from fairprog_core.triggers import HardOptions
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.hard import Hard


class QueryTraining(TriggerTraining):
    """The training of a trigger by queries, in memory."""

    def new_learner(self, trigger: Trigger, lam: float | None) -> Reprogram | WordSearch:
        options = cast(QueryReprogramOptions, self.options)
        if trigger.is_searched:
            return QuerySearch(
                options, classifier=self.classifier, trigger=cast(Hard, trigger), criterion=self.criterion,
                groups=self.groups, split=self.split, seed=self.seed, lam=lam, device=self.device,
                identity_words=self.identity_words,
            )  # fmt: skip
        return QueryReprogram(
            options, classifier=self.classifier, trigger=trigger, criterion=self.criterion, groups=self.groups,
            split=self.split, steps=self.budget.steps, seed=self.seed, lam=lam, device=self.device,
        )  # fmt: skip


class QueryCurve(TriggerCurve):
    """Learns the trigger of one curve from answers alone."""

    options: QueryReprogramOptions
    kind: ClassVar[type[TriggerTraining]] = QueryTraining

    def __init__(self, options: QueryReprogramOptions, context: FitContext) -> None:
        super().__init__(options, context)
        if self.steps < 1:
            raise ConfigError(
                f"query_reprogram: {options.queries:,} queries do not suffice for one step, which sends "
                f"{rows_per_step(options, context.split):,} rows; allow more, or set lam_groups and per_cell lower."
            )

    @property
    def steps(self) -> int:
        """As many as the queries suffice for; the study's budget does not count."""
        if isinstance(self.trigger, HardOptions):
            return SearchSize.of(self.options.queries, self.trigger, len(self.context.split.y)).n_steps
        return self.options.queries // rows_per_step(self.options, self.context.split)

    @property
    def budget(self) -> Budget:
        """Validated once, at the end: every validation sends its rows for every λ."""
        return self.context.budget.model_copy(update={"steps": self.steps, "validate_every": self.steps})
