"""Start: what this is, in three sentences and one living picture."""

import streamlit as st

from app import chrome, demo
from app.components import living_picture
from app.wording import common
from app.wording import start as words
from fairprog_core.errors import FairprogError

chrome.header(words.TITLE, words.LEAD)
if st.button(words.BUTTON, type="primary", key="to_train", help=words.BUTTON_HELP):
    st.switch_page("views/train.py")

try:
    picture = demo.living_picture()
except FairprogError as error:
    st.warning(words.BROKEN_DEMO.format(reason=common.plain(str(error))))
else:
    if picture is None:
        st.info(words.NO_DEMO)
    else:
        living_picture.show(picture, key="living_picture")
