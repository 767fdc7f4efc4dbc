"""The dashboard's entry: navigation over the files in ``app/views``. Run it with ``fairprog app``."""

from pathlib import Path

import streamlit as st

from app.state import session
from app.widgets import page
from app.wording.panels import class_room
from app.wording.shared import common
from fairprog_core.common import plugins
from fairprog_core.common.sharing import sharing

HERE = Path(__file__).parent
PROJECTOR = "projector"
SALIENCY = "saliency"  # the page whose visitors wait for explanations


def pages() -> list[st.Page]:
    """The pages of ``wording.shared.common.PAGES``, one file each in ``app/views``; a class has one more."""
    names = common.PAGES | ({PROJECTOR: class_room.PROJECTOR} if sharing().is_class else {})
    return [
        st.Page(f"views/{name}.py", title=title, url_path=name, default=name == "start")
        for name, title in names.items()
    ]


st.set_page_config(page_title=common.TITLE, page_icon=str(HERE / "static" / "icon.svg"), layout="wide")
chosen = st.navigation(pages(), position="top")
if chosen.url_path != SALIENCY:
    session.leave_explanations()
page.set_up()
page.warn(plugins.problems())
page.show_errors(chosen.run)()
