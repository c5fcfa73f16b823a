"""A stand-in for the page that holds the App's frame, and for the server that it came from.

The page runs the real `app_frame.js` on a model whose messages go to this server over HTTP; what
lies under `/base/proxy/<port>/` is passed on, as jupyter-server-proxy does it.
"""

import http.client
import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workbench.widgets import app_frame

STATIC = Path(app_frame.__file__).parent / "static"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}

PAGE = """<!doctype html>
<link rel="stylesheet" href="/app_frame.css">
<script id="jupyter-config-data" type="application/json">{"baseUrl": "/base/"}</script>
<body><script type="module">
    import widget from "/app_frame.js";
    const heard = {};
    window.model = {
        get: () => 600,
        on: (name, callback) => (heard[name] = callback),
        off: (name) => delete heard[name],
        send: async (message) => {
            const body = JSON.stringify(message);
            const answer = await (await fetch("/comm", { method: "POST", body })).json();
            if (answer) heard["msg:custom"]?.(answer);
        },
        tell: (name) => heard[name]?.(),
        heard,
    };
    window.end = widget.render({ model, el: document.body });
</script></body>
"""


class NotebookPage(ThreadingHTTPServer):
    """The stand-in, on a free port of loopback.

    Attributes:
        answer: what the kernel answers to a message of the page, or None for silence.
    """

    daemon_threads = True
    answer: Callable[[dict[str, Any]], dict[str, Any] | None]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = lambda _: None


class _Handler(BaseHTTPRequestHandler):
    server: NotebookPage

    def do_GET(self) -> None:
        if match := re.match(r"/base/proxy/(\d+)(/.*)", self.path):
            return self._pass_on(int(match[1]), match[2])
        file = STATIC / self.path[1:]
        body = file.read_bytes() if file.is_file() else PAGE.encode()
        kind = {".js": "text/javascript", ".css": "text/css"}.get(file.suffix, "text/html")
        return self._answer(body, kind)

    def do_POST(self) -> None:
        if self.path.startswith("/base/proxy/"):
            return self.do_GET()
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return self._answer(json.dumps(self.server.answer(message)).encode(), "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pass_on(self, port: int, path: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        connection.request(self.command, path, body or None, headers)  # Host stays the page's
        response = connection.getresponse()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while chunk := response.read1():  # as it comes: the App's events never end
            self.wfile.write(chunk)

    def log_message(self, *_: Any) -> None:
        pass
