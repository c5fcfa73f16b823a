"""The wire between a page and its server, which a test can cut, hold up and mend."""

import contextlib
import socket
import threading
from typing import Self


class Wire:
    """A TCP relay on loopback.

    Args:
        to: port of the server.

    Attributes:
        port: what the page connects to.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._whole = True
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """End every connection and take no new one."""
        self._whole = False
        self._flowing.set()
        while self._ends:
            _close(self._ends.pop())

    def hold(self) -> None:
        """Let nothing through, in either direction, and tell nobody: a lost radio link."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let everything through again; what was held goes first."""
        self._whole = True
        self._flowing.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                near, _ = self._listening.accept()
                if not self._whole:
                    _close(near)
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=ends, daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # one of them has gone, or was cut
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
