"""The stages of a run as a strip, with the time left, which counts down in the browser between two reads of the run."""

import time
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from typing_extensions import TypedDict

from app.models.records import RunProgress
from app.wording import train as words
from app.wording.shared import common, neutral
from fairprog_core.runs import Run

_FOLDER = Path(__file__).parent
_HTML = (
    '<div class="fp-stages"><ol></ol><p class="line"><span class="doing"></span><span class="left"></span></p></div>'
)
_CSS = (_FOLDER / "stages.css").read_text("utf-8")
_JS = (_FOLDER / "stages.js").read_text("utf-8")

ORDER = ("data", "base", "triggers", "evaluation", "explain")
SAME = {"download": "data", "transfer": "evaluation"}  # stages that the strip shows as a part of another one
BEFORE_LEARNING = ORDER[:2]


class Stage(TypedDict):
    """One stage: its name, its state in words for screen readers, and the share that is finished."""

    name: str
    state: Literal["done", "now", "next"]
    said: str
    share: float


def show(value: tuple[Run, RunProgress], *, key: str) -> list[Stage]:
    """Draw the strip.

    Args:
        value: the run, and its records so far.
        key: the component's key.
    """
    run, progress = value
    stages = stages_of(run, progress)
    found = {
        "stages": stages,
        "doing": _doing(run),
        "left": _left(run),
        "words": {"left": words.TIME_LEFT, "soon": words.SOON, "minutes": "{m} min", "seconds": "{s} s"},
    }
    _component()(key=key, data=[neutral.in_component(found)])
    return stages


def stages_of(run: Run, progress: RunProgress) -> list[Stage]:
    """The stages in their order; before the first record of a run all are still to come."""
    named = SAME.get(run.stage or "", run.stage)
    now = ORDER.index(named) if named in ORDER and not run.is_over else None
    if _is_looking_inside_only(progress) and now is not None:
        now = len(ORDER) - 1
    return [_stage(i, now, progress.shares.get(name, 0.0), is_done=run.state == "done") for i, name in enumerate(ORDER)]


def _stage(i: int, now: int | None, share: float, *, is_done: bool) -> Stage:
    name = words.STAGES[ORDER[i]]
    is_behind = now is not None and i < now and ORDER[i] in BEFORE_LEARNING  # rows are made while a trigger learns
    if is_done or share >= 1 or is_behind:
        return Stage(name=name, state="done", said=words.STAGE_DONE, share=1.0)
    if i == now:
        return Stage(name=name, state="now", said=words.STAGE_NOW, share=share)
    return Stage(name=name, state="next", said=words.STAGE_NEXT, share=share)


def _is_looking_inside_only(progress: RunProgress) -> bool:
    return progress.stage == "explain"


def _doing(run: Run) -> str:
    """What happens now, in a few words."""
    if run.state == "done":
        return words.DONE.format(time=common.seconds(run.seconds))
    if run.is_paused:
        return words.PAUSED if run.state == "running" else words.IS_PAUSED
    parts = [common.STATES[run.state], run.label or "", words.ELAPSED.format(time=common.seconds(run.seconds))]
    return " · ".join(part for part in parts if part)


def _left(run: Run) -> float | None:
    """Seconds left now: those of the newest record, less the time since then."""
    if run.seconds_left is None or run.state != "running" or run.is_paused:
        return None
    since = max(time.time() - run.heartbeat, 0.0) if run.heartbeat else 0.0
    return max(run.seconds_left - since, 0.0)


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_stages", html=_HTML, css=_CSS, js=_JS)
