"""What works on this machine, in plain words, and how to mend what does not."""

from workbench.doctor.finding import Finding, Verdict
from workbench.doctor.report import examine, print_report

__all__ = ["Finding", "Verdict", "examine", "print_report"]
