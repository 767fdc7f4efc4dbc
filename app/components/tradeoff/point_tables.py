"""The tables of one λ: groups, gained and lost rows, levelling down, leakage, and the power of the test set."""

import streamlit as st

from app.components.tradeoff import flips, group_table, leakage, levelling, power
from app.state import artifacts
from app.wording import tradeoff as words
from app.wording.panels import intersections as intersection_words
from app.wording.panels import leakage as auditor_words
from app.wording.panels import levelling as levelling_words
from app.wording.panels import power as power_words
from app.wording.shared import common
from fairprog_core.common.errors import ArtifactError
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def show(value: Result, *, key: str, curve: Curve, index: int, metric: str) -> None:
    """Draw the tables.

    Args:
        value: the result.
        key: of the container.
        curve: one of its curves.
        index: of λ.
        metric: the gap on the page.
    """
    with st.container(key=key):
        for part in (_groups, _who):
            try:
                part(value, curve, index)
            except ArtifactError as error:  # the tables of an early result need its predictions, which may be missing
                st.info(common.plain(str(error)))
        st.header(auditor_words.TITLE, anchor=False)
        leakage.show(value, key="auditor", curve=curve)
        st.header(power_words.TITLE, anchor=False)
        power.show(value.points_of(curve)[index], key="power", metric=metric)


def _groups(result: Result, curve: Curve, index: int) -> None:
    """Draw the rates of the groups, and of their intersections where the result has them."""
    point, labels, lam = result.points_of(curve)[index], result.labels, common.lam(curve.lams[index])
    st.header(words.GROUPS, anchor=False)
    group_table.show(
        artifacts.group_table(result, point), key="groups", before=artifacts.group_table(result, result.base),
        labels=labels, caption=words.GROUPS_NOTE.format(lam=lam, seed=curve.seed),
    )  # fmt: skip
    combined, before = point.intersections, result.base.intersections
    if not combined or not before:
        return
    st.header(intersection_words.TITLE, anchor=False)
    if sentence := intersection_words.worst(combined):
        st.markdown(sentence)
    caption = intersection_words.CAPTION.format(lam=lam, seed=curve.seed)
    group_table.show(combined, key="intersections", before=before, labels=labels, caption=caption)


def _who(result: Result, curve: Curve, index: int) -> None:
    """Draw gained and lost rows with a link to examples, then levelling down."""
    point, labels, lam = result.points_of(curve)[index], result.labels, curve.lams[index]
    st.header(words.WHO, anchor=False)
    changes = artifacts.changes(result, point)
    stamp = artifacts.stamp(result, curve.key)
    flips.show(changes, key="flips", labels=labels, lam=lam, seed=curve.seed, n=point.n, stamp=stamp)
    gallery = artifacts.gallery(result, curve.key) if curve.trigger else None
    if gallery and gallery.n_rows:
        st.page_link("views/saliency.py", label=words.EXAMPLES)
    st.header(levelling_words.TITLE, anchor=False)
    found = artifacts.levelling(result, point, curve.gap)
    levelling.show(found, key="levelling", gap=curve.gap, point=point, labels=labels, lam=lam)
