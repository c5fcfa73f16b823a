"""The value that every check hands back."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        subject: what was looked at, in a word or two.
        verdict: `warn` leaves workbench usable, `FAIL` does not.
        says: what was found, in plain words.
        mend: what to do about it; empty where nothing needs doing.
    """

    subject: str
    verdict: Verdict
    says: str
    mend: str = ""


def ok(subject: str, says: str) -> Finding:
    """A finding that needs nothing done."""
    return Finding(subject, Verdict.OK, says)


def warn(subject: str, says: str, mend: str) -> Finding:
    """A finding that costs something but leaves workbench usable."""
    return Finding(subject, Verdict.WARN, says, mend)


def fail(subject: str, says: str, mend: str) -> Finding:
    """A finding that stops workbench from working."""
    return Finding(subject, Verdict.FAIL, says, mend)
