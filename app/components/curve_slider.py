"""The λ slider of one curve: it starts at the remembered λ, else at the one chosen on validation."""

from collections.abc import Mapping

from app.state import session
from app.widgets import lam_slider
from app.widgets.lam_slider import Frames
from fairprog_core.results.curve import Curve


def show(value: Curve, *, run: str, channel: str, charts: Mapping[str, Frames], is_sticky: bool = False) -> int:
    """Draw the slider; the index of λ, which is remembered.

    Args:
        value: the curve.
        run: its run.
        channel: what pictures name to follow the slider.
        charts: by key of a live chart, what moves its marker to every λ.
        is_sticky: stay in sight while the page scrolls.
    """
    lams = value.lams
    index = lam_slider.show(
        session.nearest_lam(lams, value.chosen_lam), key=f"lam-{run}-{value.key}-{session.moves()}",
        channel=channel, lams=lams, chosen=value.chosen_lam, charts=charts, is_sticky=is_sticky,
    )  # fmt: skip
    session.remember(session.LAM, f"{lams[index]:g}")
    return index
