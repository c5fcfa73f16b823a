"""What the whole test run shares."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair.
settings.register_profile("workbench", deadline=None)
settings.load_profile("workbench")


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
