"""What a class has to know on the page Runs: the teacher its code and address, everybody how turns are given."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import streamlit as st

from app.state import run_store, visitor
from app.wording.panels import class_room as words
from app.wording.shared import common
from fairprog_core.common.process.addresses import EVERYWHERE, LOCAL, machine_addresses
from fairprog_core.common.sharing import sharing


def show() -> None:
    """Draw it; nothing where there is no class."""
    policy, n = sharing(), run_store.n_active()
    if not policy.is_class:
        return
    if visitor.is_teacher():
        addresses = machine_addresses() if st.get_option("server.address") in EVERYWHERE else []
        found = join_addresses(st.context.url or "", policy.join_code, addresses, policy.names)
        shown = words.OR.join(words.ADDRESS.format(address=address) for address in found) or words.JOIN_TITLE
        st.info(words.BANNER.format(code=common.plain(policy.join_code), address=shown, n_runs=n))
    elif n:
        st.caption(words.QUEUE.format(n=n))


def join_addresses(url: str, code: str, addresses: Sequence[str], names: Sequence[str]) -> list[str]:
    """Where pupils join: where the teacher is, or, as no other machine reaches ``localhost``, where the server answers.

    Args:
        url: of the page as the teacher opened it.
        code: of the class.
        addresses: of the server, where it answers at all of them.
        names: of a proxy before it.
    """
    place = urlsplit(url)
    hosts = [place.netloc]
    if place.hostname in LOCAL:
        hosts = [f"{address}:{place.port}" for address in addresses] or [*names] or hosts
    return [f"{place.scheme}://{host}/join?code={code}" for host in hosts if host]
