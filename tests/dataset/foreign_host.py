"""Another machine that holds a home."""

import json
import threading


class ForeignHost:
    """Another machine's heartbeat in a home, as a shared disk would show it."""

    def __init__(self, home, *, beating):
        self._path = home / "run" / "host.json"
        self._beating = beating
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat)

    def __enter__(self):
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write(0)
        if self._beating:
            self._thread.start()

    def __exit__(self, *_):
        self._over.set()
        if self._beating:
            self._thread.join()

    def _beat(self):
        beats = 0
        while not self._over.wait(0.2):
            beats += 1
            self._write(beats)

    def _write(self, beats):
        draft = self._path.with_suffix(".elsewhere")
        draft.write_text(
            json.dumps({"name": "elsewhere", "machine": "m", "boot": "b", "beats": beats})
        )
        draft.replace(self._path)
