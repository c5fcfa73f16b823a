"""Run the checks one after the other and print what they found."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from workbench.doctor import browser, database, machine, notebook, packages, weights
from workbench.doctor.finding import Finding, Verdict, fail

Check = Callable[[], Finding]

# Cheap checks first: the slow ones (torch is imported) then find the reader already reading.
CHECKS: dict[str, Check] = {
    "Python": machine.check_python,
    "memory": machine.check_memory,
    "disk": machine.check_disk,
    "data home": machine.check_home,
    "loopback": machine.check_loopback,
    "packages": packages.check_packages,
    "mongod": database.check_database,
    "weights": weights.check_weights,
    "JupyterLab": notebook.check_jupyterlab,
    "browser": browser.check_browser,
    "torch": packages.check_torch,
}


def examine(checks: dict[str, Check] | None = None) -> Iterator[Finding]:
    """Run checks lazily, one finding each, in their order.

    Args:
        checks: the checks by subject; by default all of them.

    Yields:
        What each check found. A check that breaks is a finding too: it fails, and says how.
    """
    for subject, check in (CHECKS if checks is None else checks).items():
        try:
            yield check()
        # A machine that is broken in a way nobody thought of is the doctor's daily bread.
        except Exception as error:  # noqa: BLE001
            yield fail(
                subject,
                f"this check broke ({type(error).__name__}: {error})",
                "please report it, with the line above",
            )


def print_report(findings: Iterable[Finding], out: TextIO = sys.stdout) -> int:
    """Print a line a finding as it comes, with the remedy beneath, and a closing sentence.

    Args:
        findings: what was found.
        out: where to print.

    Returns:
        An exit code: 1 when anything failed, else 0.
    """
    counts = dict.fromkeys(Verdict, 0)
    for finding in findings:
        counts[finding.verdict] += 1
        print(f"{finding.verdict:<5} {finding.subject:<11} {finding.says}", file=out)
        for line in finding.mend.splitlines():
            print(f"{'':<17} -> {line}", file=out)
        out.flush()
    print(_closing(counts), file=out)
    return 1 if counts[Verdict.FAIL] else 0


def _closing(counts: dict[Verdict, int]) -> str:
    if counts[Verdict.FAIL]:
        return f"\n{counts[Verdict.FAIL]} to mend before workbench works here"
    if counts[Verdict.WARN]:
        return f"\nworkbench works here; {counts[Verdict.WARN]} could be better"
    return "\nworkbench works here"
