"""Reading from mongod's log why it ended."""

import json
from pathlib import Path
from typing import Any

_TAIL_BYTES = 65_536
_AT_MOST = 3
# Severities in the order in which they explain an end; mongod's "I" and "D" never do.
_SEVERITIES = ("F", "E")


def last_words(log: Path) -> str:
    """The sentences of a log that say why mongod ended, or else its last line.

    Args:
        log: mongod's own log, or the file that its output goes to before it has opened that.

    Returns:
        One line; empty where the log is empty or cannot be read.
    """
    lines = [_Line(line) for line in _tail(log)]
    for severity in _SEVERITIES:
        if found := [line.text for line in lines if line.severity == severity]:
            return "; ".join(dict.fromkeys(found[:_AT_MOST]))
    return lines[-1].text if lines else ""


class _Line:
    """A line of the log: structured, or as the loader and the shell write them."""

    def __init__(self, line: str) -> None:
        self.severity = ""
        self.text = line
        try:
            entry = json.loads(line)
            self.text = f"{entry['msg']} {_reason(entry.get('attr', {}))}".strip()
            self.severity = str(entry["s"])
        except (ValueError, KeyError, TypeError):
            pass


def _reason(attributes: dict[str, Any]) -> str:
    for name in ("error", "message", "msg", "reason"):
        if found := attributes.get(name):
            return str(
                found.get("errmsg") or found.get("msg") if isinstance(found, dict) else found
            )
    return ""


def _tail(log: Path) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
