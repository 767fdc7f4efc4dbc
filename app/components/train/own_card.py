"""A visitor's own data on the page Train: the table, the mapped columns, and the way back to the page Data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app.wording import train as words
from app.wording.shared import common
from fairprog_core.data import TableOptions


def show(value: TableOptions, *, key: str) -> Mapping[str, Any]:
    """Draw the card; the options as JSON values.

    Args:
        value: the options of the data set.
        key: prefix of the keys.
    """
    with st.container(border=True, key=key):
        name = common.plain(Path(value.path).name)
        if value.modality == "text":
            st.markdown(words.OWN_TEXTS.format(name=name, input=common.plain(value.text)))
        else:
            text = words.OWN_PICTURES.format(name=name, input=common.plain(value.image), side=value.image_size)
            st.markdown(text)
        groups = ", ".join(map(common.plain, value.groups or (value.group,)))
        st.caption(words.OWN_MAPPING.format(label=common.plain(value.label), groups=groups))
        if st.button(words.OWN_CHANGE, key=f"{key}.change"):
            st.switch_page("views/data.py")
    return value.to_json()
