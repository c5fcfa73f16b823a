"""What the whole test run shares."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.behind import Behind, clean_environment

# How long an example takes, and to be thought up, is the machine's affair.
settings.register_profile("workbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workbench")


ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items):
    """Those that wait for what runs behind the others come after them, before the browser's."""
    browser = ROOT / "tests" / "browser"
    items.sort(key=lambda item: (browser in item.path.parents, "behind" in item.fixturenames))


@pytest.fixture(scope="session", autouse=True)
def begun_behind(request, tmp_path_factory):
    """The miniatures of benchmarks that are asked for, if any; they begin with the first test."""
    topics = [
        item.callspec.params["topic"]
        for item in request.session.items
        if "behind" in item.fixturenames
    ]
    if not topics:
        yield None
        return
    from workbench.dataset.digits import write_digits

    # A home of their own: tests delete datasets meanwhile, and vectors with them. A short path.
    home = Path(tempfile.mkdtemp(prefix="workbench-", dir="/tmp")).resolve()
    write_digits(home)  # once, rather than by all of them at the same time
    behind = Behind(
        {topic: [sys.executable, "-m", f"benchmarks.{topic}", "--quick"] for topic in topics},
        tmp_path_factory.mktemp("behind"),
        clean_environment(home, ROOT),
    )
    yield behind
    behind.end()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def behind(begun_behind):
    """The benchmarks' miniatures that were asked for, by topic."""
    return begun_behind


@pytest.fixture(scope="session")
def home():
    """One data home with one mongod for the whole run; this process is connected to it."""
    from workbench.dataset.connection import connect
    from workbench.dataset.runfolder import RunFolder
    from workbench.dataset.server import stop_server

    # Not pytest's own folder: a short path keeps the socket inside the home.
    path = Path(tempfile.mkdtemp(prefix="workbench-", dir="/tmp")).resolve()
    os.environ["WORKBENCH_HOME"] = str(path)
    connection = connect(path)
    yield path
    connection.client.close()
    stop_server(RunFolder(path))
    shutil.rmtree(path)
