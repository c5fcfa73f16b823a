"""HTTP as an attacker writes it: nothing is normalised, nothing is added."""

import http.client
import json
from collections.abc import Iterable
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A response, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """Calls one server; `caller(path)` with the token in the path, `caller.raw(path)` without."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.prefix = f"/t/{token}"

    def __call__(self, path: str, **options: Any) -> Answer:
        """Ask for a path beneath the token; see `raw`."""
        return self.raw(self.prefix + path, **options)

    def raw(
        self,
        path: str,
        *,
        method: str = "GET",
        data: Any = None,
        headers: Iterable[tuple[str, str]] = (),
        hosts: Iterable[str] | None = None,
    ) -> Answer:
        """Ask for exactly this path.

        Args:
            path: sent as it is, percent signs and dots included.
            method: GET, POST, ...
            data: sent as JSON.
            headers: more headers, in order; names may repeat.
            hosts: values of the Host header, by default the right one.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            response = self.send(connection, path, method, data, headers, hosts)
            answered = {key.lower(): value for key, value in response.getheaders()}
            return Answer(response.status, answered, response.read())
        finally:
            connection.close()

    def send(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        method: str = "GET",
        data: Any = None,
        headers: Iterable[tuple[str, str]] = (),
        hosts: Iterable[str] | None = None,
    ) -> http.client.HTTPResponse:
        """Send one request over a connection, and leave the body to the caller."""
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for host in [f"127.0.0.1:{self.port}"] if hosts is None else hosts:
            connection.putheader("Host", host)
        for name, value in headers:
            connection.putheader(name, value)
        body = None if data is None else json.dumps(data).encode()
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse()
