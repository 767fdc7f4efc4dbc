"""A teacher's link: ``?lesson=comments,de,1-4`` sets the data, the language and the steps of the lesson."""

import re
from collections.abc import Collection

from app.presenters.lesson.data import LessonPlan

STEPS = 6
_RANGE = re.compile(r"([1-9])(?:-([1-9]))?")


def read(link: str | None, *, data: Collection[str], languages: Collection[str]) -> LessonPlan:
    """The plan of a link: parts in any order, separated by commas; what it does not name keeps its default.

    Args:
        link: the value of the URL parameter; None or empty without one.
        data: keys of the studies, the default first.
        languages: keys of the languages.
    """
    plan: LessonPlan = {"data": next(iter(data), ""), "language": None, "steps": [], "problem": ""}
    steps: set[int] = set()
    for part in filter(None, (part.strip().lower() for part in (link or "").split(","))):
        if part in data:
            plan["data"] = part
        elif part in languages:
            plan["language"] = part
        elif found := _steps(part):
            steps |= found
        else:
            plan["problem"] = plan["problem"] or part[:40]
    plan["steps"] = sorted(steps) or list(range(1, STEPS + 1))
    return plan


def write(plan: LessonPlan, data: str) -> str:
    """The link of a plan with other data."""
    steps = [] if len(plan["steps"]) == STEPS else [str(number) for number in plan["steps"]]
    return ",".join(filter(None, (data, plan["language"], *steps)))


def _steps(part: str) -> set[int]:
    """``2`` or ``1-4`` as numbers; empty where it is no such thing, or names steps that there are not."""
    match = _RANGE.fullmatch(part)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    return set(range(first, last + 1)) if last <= STEPS else set()
