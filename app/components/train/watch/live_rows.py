"""The trigger while it learns, painted on six rows, with their verdicts; and large counters of gap and accuracy."""

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from app.models.records import CurveSoFar
from app.wording import train as words
from app.wording.shared import common, neutral
from fairprog_core.common.records import Front, LiveRow
from fairprog_core.metrics.pareto import choose_lam
from fairprog_core.report.figures import texts

_FOLDER = Path(__file__).parent
_HTML = (
    '<section class="fp-live"><dl class="counters"></dl><p class="note counted"></p><ul class="rows"></ul>'
    '<p class="note"></p></section>'
)
_CSS = (_FOLDER / "live_rows.css").read_text("utf-8")
_JS = (_FOLDER / "live_rows.js").read_text("utf-8")


class SoFar(NamedTuple):
    """Where a curve stands: the λ that would be quoted now, and its figures beside the base's.

    Attributes:
        lam: chosen by the rule of the result, on the rows of the newest validation.
        n_rows: number of rows of a rough curve; None: it is a real validation.
    """

    lam: float
    gap: float | None
    accuracy: float
    base_gap: float | None
    base_accuracy: float
    n_rows: int | None = None


def so_far(curve: CurveSoFar, *, max_loss: float) -> SoFar | None:
    """The figures of the newest validation, else of the newest rough curve; None before both."""
    record = curve.best if curve.is_finished else curve.latest
    if record is not None:
        return _quoted(record, max_loss, None)
    if curve.rough is not None and (front := curve.rough.get("front")):
        return _quoted(front, max_loss, curve.rough.get("n_rows"))
    return None


def _quoted(front: Front, max_loss: float, n_rows: int | None) -> SoFar:
    lam = choose_lam(
        front["lam"], front["accuracy"], [float("nan") if gap is None else gap for gap in front["gap"]],
        base_accuracy=front["base_accuracy"], max_loss=max_loss, is_collapsed=front.get("is_collapsed"),
        loss_error=front.get("loss_error"),
    )  # fmt: skip
    i = front["lam"].index(lam)
    return SoFar(lam, front["gap"][i], front["accuracy"][i], front["base_gap"], front["base_accuracy"], n_rows)


def show(
    value: CurveSoFar, *, key: str, gap: str = "", max_loss: float | None = None, n_validation: int = 0
) -> CurveSoFar:
    """Draw counters and rows.

    Args:
        value: the curve in training.
        key: the component's key.
        gap: the metric's name on the screen.
        max_loss: the accuracy that may be given up at most; None: the rows alone are drawn.
        n_validation: number of rows of a validation.
    """
    now, live = None if max_loss is None else so_far(value, max_loss=max_loss), value.live
    found = {
        "is_live": max_loss is not None,
        "counters": [] if now is None else counters(now, gap),
        "counted": "" if now is None else words.counted(now.lam, now.n_rows or n_validation, is_rough=bool(now.n_rows)),
        "rows": [_row(row) for row in live["rows"]] if live else [],
        "note": words.live_rows(live["step"], live["lam"], live.get("words", [])) if live else words.LIVE_SOON,
    }
    _component()(key=key, data=[neutral.in_component(found)])
    return value


def counters(now: SoFar, gap: str) -> list[dict[str, str]]:
    """Gap and accuracy in points of a hundred, from the base's to the one now."""
    return [
        {"name": words.APART, "before": _points(now.base_gap), "now": _points(now.gap), "term": gap},
        {
            "name": words.RIGHT, "before": _points(now.base_accuracy), "now": _points(now.accuracy),
            "term": common.metric("accuracy"),
        },
    ]  # fmt: skip


def _points(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}"


def _row(row: LiveRow) -> dict[str, Any]:
    is_right = row["said_after"] == row["label"]
    return {
        "picture": row.get("picture", ""),
        "text": texts.safe(row.get("text", ""), 160),
        "title": words.row_title(row["label"], [common.group(name) for name in row["groups"]]),
        "verdict": row["said_after"],
        "spoken": words.spoken(is_right=is_right),
        "turned": "" if row["said_after"] == row["said_before"] else words.turned(row["said_before"]),
        "share": words.share(row["shown"], row["before"], row["after"]),
        "before": row["before"],
        "after": row["after"],
        "is_right": is_right,
    }


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_live_rows", html=_HTML, css=_CSS, js=_JS)
