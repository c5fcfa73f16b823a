"""What runs behind the tests comes to its end, or to nothing."""

import os
import sys
from contextlib import contextmanager

from tests.behind import Behind


@contextmanager
def running(folder, **code):
    behind = Behind({k: [sys.executable, "-c", v] for k, v in code.items()}, folder, os.environ)
    yield behind
    behind.end()


def test_one_comes_after_the_other_until_somebody_waits(tmp_path):
    hold = "with open('pipe') as pipe: pipe.read()\nprint('read')"
    os.mkfifo(tmp_path / "pipe")
    with running(tmp_path, first=hold, second="open('begun', 'w')") as behind:
        pipe = (tmp_path / "pipe").open("w")  # once the first one reads
        assert not (tmp_path / "begun").exists()
        assert behind.wait("second", 60).returncode == 0
        assert (tmp_path / "begun").exists()
        pipe.close()
        assert behind.wait("first", 60).stdout == "read\n"


def test_an_error_is_told(tmp_path):
    with running(tmp_path, breaks="1 / 0") as behind:
        ran = behind.wait("breaks", 60)
    assert ran.returncode == 1
    assert "ZeroDivisionError" in ran.stderr


def test_the_end_interrupts_what_runs_and_begins_nothing_more(tmp_path):
    tidy = "try:\n open('pipe').read()\nfinally:\n open('tidied', 'w')"
    os.mkfifo(tmp_path / "pipe")
    with running(tmp_path, first=tidy, second="open('begun', 'w')"):
        pipe = (tmp_path / "pipe").open("w")
    assert (tmp_path / "tidied").exists()
    assert not (tmp_path / "begun").exists()
    pipe.close()
