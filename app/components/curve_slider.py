"""The λ slider of one curve: it starts at the remembered λ, else at the one chosen on validation."""

from collections.abc import Mapping

from app.state import session
from app.widgets import lam_slider
from app.widgets.lam_slider import Frames
from app.wording.shared import inside as words
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def show(
    value: Curve,
    *,
    run: str,
    channel: str,
    charts: Mapping[str, Frames],
    is_sticky: bool = False,
    result: Result | None = None,
) -> int:
    """Draw the slider, remember its λ, and return its index.

    Args:
        value: the curve.
        run: its run.
        channel: name of the slider; components with this channel follow it.
        charts: by key of a live chart, its marker's position at every λ.
        is_sticky: whether the slider stays visible while the page scrolls.
        result: of the curve; the slider says gap and accuracy at every λ.
    """
    lams = value.lams
    points = {point.lam: point for point in result.points_of(value)} if result else {}
    notes = [words.slider_note(result.base, points[lam], value.gap) for lam in lams] if result else []
    index = lam_slider.show(
        session.nearest_lam(lams, value.chosen_lam), key=f"lam-{run}-{value.key}-{session.moves()}",
        channel=channel, lams=lams, chosen=value.chosen_lam, charts=charts, is_sticky=is_sticky, notes=notes,
    )  # fmt: skip
    session.remember(session.LAM, f"{lams[index]:g}")
    return index
