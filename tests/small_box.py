"""A small server that answers rows with probabilities, as the address of a black box does."""

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

Answer = Callable[[list[Any]], Any]  # rows (texts, or pictures as arrays) -> the JSON to answer with


class BoxServer(ThreadingHTTPServer):
    """Answers POST requests.

    Attributes:
        answer: makes the answer to the rows of a request.
        statuses: sent instead of the next answers, first one first.
        rows: every row that was received, in order.
        headers: of every request.
        stuck: while it is set, nothing is answered.
    """

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.statuses: list[int] = []
        self.rows: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.stuck, self.go = threading.Event(), threading.Event()

    def handle_error(self, *_: object) -> None:
        """A client that ends in the middle is no error."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/predict"


class _Handler(BaseHTTPRequestHandler):
    server: BoxServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = content["texts"] if "texts" in content else [_picture(each) for each in content["images"]]
        self.server.rows += rows
        self.server.headers.append(dict(self.headers))
        if self.server.stuck.is_set():
            self.server.go.wait(30)
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        found = self.server.answer(rows) if status == 200 else {"error": "not now"}
        data = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _picture(text: str) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


@contextmanager
def serving(answer: Answer) -> Iterator[BoxServer]:
    """A server for the time of the block."""
    server = BoxServer(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        server.shutdown()
        server.server_close()
        thread.join()
