"""One visitor of the dashboard without a browser: speaks Streamlit's protocol over a websocket.

It keeps what a browser keeps: the pages, the widgets on the screen and their values, the address, and the messages that
Streamlit sends only once. It redraws by itself where a page asks for that. It draws nothing.
"""

import asyncio
import contextlib
import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

DEADLINE = 120.0  # seconds until a redraw counts as lost
# The script has run, the socket is open, nothing is drawn as a placeholder any more, and nothing moves that will
# come to rest: a click on what an opening expander still pushes along is lost.
DRAWN = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app !== null
    && document.documentElement.classList.contains('is-drawn')
    && app.getAttribute('data-test-connection-state') === 'CONNECTED'
    && app.getAttribute('data-test-script-state') === 'notRunning'
    && document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]') !== null
    && document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]') === null
    && document.getAnimations().every(
      ({playState, effect}) => playState !== 'running' || effect.getComputedTiming().endTime === Infinity);
}"""
_KEPT_RUNS = 2  # Streamlit's global.maxCachedMessageAge: redraws of the page for which a browser keeps a message
_LARGEST = 64 * 2**20  # bytes of a message


class Failed(Exception):
    """A redraw that ended by an error, or did not end."""


class PageClient:
    """A visitor.

    Args:
        url: of the dashboard, without a slash at the end.
        code: the join code of a class; empty: there is none.

    Attributes:
        widgets: by id, the elements on the screen that hold one.
        n_bytes: received.
        n_redraws: finished redraws, also those that a page asked for by itself.
        errors: what went wrong, one line each.
    """

    def __init__(self, url: str, code: str = "") -> None:
        self.url, self.code, self.errors = url, code, list[str]()
        self.widgets: dict[str, tuple[str, Any, str]] = {}  # id -> kind, element, fragment
        self.n_bytes = self.n_redraws = 0
        self._pages: dict[str, str] = {}
        self._page, self._query, self._n_full = "", "", 0
        self._states: dict[str, WidgetState] = {}
        self._kept: dict[str, tuple[ForwardMsg, int]] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._finished: asyncio.Queue[bool] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._is_fragment = False
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def enter(self, path: str = "", query: str = "") -> float:
        """Open the dashboard at a page; the seconds until it was drawn."""
        place, begun = urlsplit(self.url), time.perf_counter()
        cookie = await asyncio.to_thread(_cookies, place.netloc, path, self.code)
        self._socket = await connect(
            f"ws://{place.netloc}/_stcore/stream", origin=Origin(self.url), subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": cookie} if cookie else {}, max_size=_LARGEST, open_timeout=DEADLINE,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        self._query = query
        await self._redraw(ClientState(page_name=path, query_string=query))
        return time.perf_counter() - begun

    async def open(self, path: str, query: str = "") -> float:
        """Go to another page; the seconds until it was drawn."""
        begun = time.perf_counter()
        self._query, self._page = query, self._pages[path]
        self._stop_timers()
        await self._redraw(ClientState())
        return time.perf_counter() - begun

    async def set(self, widget: str, **value: Any) -> float:
        """Give a widget on the screen a value, e.g. ``json_value``; the seconds until what follows it was drawn."""
        begun = time.perf_counter()
        self._states[widget] = WidgetState(id=widget, **value)
        await self._redraw(ClientState(fragment_id=self.widgets[widget][2]))
        return time.perf_counter() - begun

    def find(self, kind: str, is_it: Callable[[Any], bool]) -> tuple[str, Any]:
        """The id and the element of a widget on the screen.

        Raises:
            Failed: there is none.
        """
        for name, (found, element, _) in self.widgets.items():
            if found == kind and is_it(element):
                return name, element
        raise Failed(f"the page has no such {kind}")

    async def leave(self) -> None:
        """Close the connection."""
        self._stop_timers()
        self._reader.cancel()
        await self._socket.close()

    async def _redraw(self, state: ClientState) -> None:
        """Send a request and wait until its redraw has ended.

        Raises:
            Failed: it ended by an error, or not at all.
        """
        async with self._turn:
            n_errors = len(self.errors)
            while not self._finished.empty():  # of a redraw that was given up
                self._finished.get_nowait()
            state.widget_states.widgets.extend(self._states.values())
            state.page_script_hash, state.query_string = self._page, self._query
            state.cached_message_hashes.extend(self._kept)
            state.context_info.timezone, state.context_info.locale = "Europe/Vienna", "en"
            await self._socket.send(BackMsg(rerun_script=state).SerializeToString())
            try:
                await asyncio.wait_for(self._finished.get(), DEADLINE)
            except TimeoutError:
                raise Failed(f"no answer within {DEADLINE:.0f} s") from None
            self.n_redraws += 1
        if len(self.errors) > n_errors:
            raise Failed(self.errors[-1])

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                self.n_bytes += len(data)
                self._take(ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode()))
        except ConnectionClosed as error:
            self.errors.append(f"the connection was closed: {error}")
            self._finished.put_nowait(False)

    def _take(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "ref_hash":
            if message.ref_hash not in self._kept:
                self.errors.append("a message that was sent before is not known")
                return
            kept = self._kept[message.ref_hash][0]
            kept.metadata.CopyFrom(message.metadata)
            message = kept
        elif message.metadata.cacheable:
            self._kept[message.hash] = message, self._n_full
        handlers: dict[str | None, Callable[[ForwardMsg], None]] = {
            "new_session": self._begin, "navigation": self._navigate, "delta": self._place,
            "page_info_changed": self._change_address, "auto_rerun": self._start_timer,
            "stop_auto_rerun": self._stop_some_timers, "script_finished": self._finish,
        }  # fmt: skip
        if handle := handlers.get(message.WhichOneof("type")):
            handle(message)

    def _navigate(self, message: ForwardMsg) -> None:
        pages = message.navigation.app_pages
        self._pages = {"" if page.is_default else page.url_pathname: page.page_script_hash for page in pages}
        self._page = message.navigation.page_script_hash or self._page

    def _change_address(self, message: ForwardMsg) -> None:
        self._query = message.page_info_changed.query_string

    def _finish(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.errors.append("the page is no program")
        if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._kept = {name: kept for name, kept in self._kept.items() if self._n_full - kept[1] <= _KEPT_RUNS}
            self._finished.put_nowait(True)

    def _begin(self, message: ForwardMsg) -> None:
        """A redraw begins; one of the whole page forgets what was on the screen."""
        self._is_fragment = bool(message.metadata.run.fragment_ids)
        if self._is_fragment:
            return
        self.widgets.clear()
        self._n_full += 1

    def _place(self, message: ForwardMsg) -> None:
        delta = message.delta
        if message.hash in self._kept:
            self._kept[message.hash] = message, self._n_full
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type") or ""
        element = getattr(delta.new_element, kind) if kind else None
        if kind == "exception":
            self.errors.append(f"{delta.new_element.exception.type}: {delta.new_element.exception.message}"[:300])
        elif kind and getattr(element, "id", ""):
            self.widgets[element.id] = kind, element, delta.fragment_id  # type: ignore[union-attr]

    def _start_timer(self, message: ForwardMsg) -> None:
        fragment, seconds = message.auto_rerun.fragment_id, message.auto_rerun.interval
        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(self._redraw_every(fragment, seconds))

    def _stop_some_timers(self, message: ForwardMsg) -> None:
        for fragment in message.stop_auto_rerun.fragment_ids:
            if timer := self._timers.pop(fragment, None):
                timer.cancel()

    async def _redraw_every(self, fragment: str, seconds: float) -> None:
        """What a browser does for a part of a page that redraws itself: ask again after every interval."""
        while True:
            await asyncio.sleep(seconds)
            if not self._turn.locked():
                with contextlib.suppress(Failed):  # it is noted
                    await self._redraw(ClientState(fragment_id=fragment, is_auto_rerun=True))

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


def _cookies(place: str, path: str, code: str) -> str:
    """What a browser does first: join, load the page, and get the cookie that tells this visitor from others."""
    connection = http.client.HTTPConnection(place, timeout=DEADLINE)
    found = list[str]()
    addresses = [(f"/{path}", "text/html"), ("/_stcore/host-config", "*/*")]
    for address, accept in [*([(f"/join?code={code}", "text/html")] if code else []), *addresses]:
        connection.request("GET", address, headers={"Accept": accept, "Cookie": "; ".join(found)})
        answer = connection.getresponse()
        answer.read()
        found += [line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie") or []]
    connection.close()
    return "; ".join(found)


def data_of(element: Any) -> Any:
    """The data of one of the dashboard's own components."""
    (found,) = json.loads(element.json)
    return found
