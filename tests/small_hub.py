"""A small server that speaks as much of the Hugging Face hub's API as its client needs to load or push a repository."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves models and data sets from memory.

    Attributes:
        models: the content of every file, by the name of the model or data set and the file's.
        asked: method and path of every request.
        stuck: while it is set, no more of a large file is sent than its first megabyte.
        served: set once that megabyte was sent.
    """

    daemon_threads = True

    def __init__(self, models: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models
        self.asked: list[str] = []
        self.stuck, self.served, self.go = threading.Event(), threading.Event(), threading.Event()

    def handle_error(self, *_: object) -> None:
        """A client that ends in the middle is no error."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        """Make a repository, say that every file is small, and take a commit: as much as a push needs."""
        path = urlsplit(self.path).path.strip("/")
        self.server.asked.append(f"POST {path}")
        body, parts = self._body(), path.split("/")
        name = "/".join(parts[2:4])
        if self.headers.get("Authorization") != "Bearer hf_right":
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "api/repos/create":
            about = json.loads(body)
            made = "/".join(filter(None, (about.get("organization"), about["name"])))
            self.server.models.setdefault(made, {})
            self._send(json.dumps({"url": f"{self.server.url}/{made}", "id": made}).encode(), "application/json")
        elif parts[4:5] == ["preupload"]:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._send(json.dumps({"files": files}).encode(), "application/json")
        elif parts[4:5] == ["commit"]:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.models[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            answer = {"success": True, "commitOid": COMMIT, "commitUrl": f"{self.server.url}/{name}/commit/{COMMIT}"}
            self._send(json.dumps(answer).encode(), "application/json")
        else:
            self._send(b"{}", "application/json")

    def _body(self) -> bytes:
        """The content of a request, in one piece or in several."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self) -> None:
        path = urlsplit(self.path).path.strip("/")
        self.server.asked.append(f"{self.command} {path}")
        parts = path.removeprefix("datasets/").split("/")
        if parts[0] == "api" and parts[1] in ("models", "datasets") and "/".join(parts[2:4]) in self.server.models:
            name = "/".join(parts[2:4])
            files = self.server.models[name]
            if "tree" in parts:
                tree = [
                    {"type": "file", "path": file, "size": len(data), "oid": _tag(data)} for file, data in files.items()
                ]
                self._send(json.dumps(tree).encode(), "application/json")
            else:
                siblings = [{"rfilename": file, "size": len(data)} for file, data in files.items()]
                about = {"id": name, "modelId": name, "sha": COMMIT, "private": False, "siblings": siblings}
                self._send(json.dumps(about).encode(), "application/json")
        elif parts[2:3] == ["resolve"] and "/".join(parts[4:]) in self.server.models.get("/".join(parts[:2]), {}):
            self._send(self.server.models["/".join(parts[:2])]["/".join(parts[4:])], "application/octet-stream")
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{_tag(data)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "HEAD":
            return
        first, rest = data[: 2**20], data[2**20 :]
        self.wfile.write(first)
        if rest:
            self.wfile.flush()
            self.server.served.set()
            if self.server.stuck.is_set():
                self.server.go.wait(60)
            self.wfile.write(rest)


def _tag(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


@contextmanager
def serving(models: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    """A hub that answers until the block ends."""
    hub = Hub(models)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.go.set()
        hub.shutdown()
        hub.server_close()
        thread.join()
