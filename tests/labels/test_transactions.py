"""Transactions on the real database, with real kills."""

import os
import signal
import tempfile
import threading
import uuid
from pathlib import Path

import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect

from tests.dataset.kernels import Kernel, alive, kill_server, server, until
from workbench.errors import DatabaseError
from workbench.labels.transactions import CONFLICT_SECONDS, transact

INSERT = "transact(c, lambda s: c.database.things.insert_one({}, session=s)) and None"


@pytest.fixture
def connection(home):
    from workbench.dataset.connection import connect

    return connect()


@pytest.fixture
def things(connection):
    """A collection that exists, as a transaction wants it."""
    things = connection.database[f"things-{uuid.uuid4().hex}"]
    things.insert_one({"_id": 0, "count": 0})
    yield things
    things.drop()


@pytest.fixture
def kernel():
    """A kernel on a home of its own, whose server may be killed."""
    with tempfile.TemporaryDirectory(prefix="wb-", dir="/tmp") as folder:
        kernel = Kernel(Path(folder).resolve() / "home")
        kernel.home = Path(folder).resolve() / "home"
        kernel.connect()
        kernel.ask("c.database.things.insert_one({}) and None")
        kernel.ask("from workbench.labels.transactions import transact")
        yield kernel
        kernel.kill()
        kill_server(kernel.home)


def test_what_a_dead_kernel_had_begun_to_write_is_waited_for(connection, things):
    admin = connection.client.admin
    name = "transactionLifetimeLimitSeconds"
    before = admin.command("getParameter", 1, **{name: 1})[name]
    assert before < CONFLICT_SECONDS
    admin.command("setParameter", 1, **{name: 1})
    try:
        dead = connection.client.start_session()
        dead.start_transaction()
        things.update_one({"_id": 0}, {"$set": {"count": 99}}, session=dead)  # and no more of it
        transact(
            connection, lambda s: things.update_one({"_id": 0}, {"$inc": {"count": 1}}, session=s)
        )
    finally:
        admin.command("setParameter", 1, **{name: before})
    assert things.find_one()["count"] == 1


def test_a_killed_server_is_waited_for(kernel):
    os.kill(server(kernel.home)["mongod"], signal.SIGKILL)
    kernel.ask(INSERT)
    assert kernel.ask("c.database.things.count_documents({})") == 2


def test_a_server_that_nobody_else_starts_again_is_started(kernel):
    before = server(kernel.home)
    os.kill(before["keeper"], signal.SIGKILL)
    until(lambda: not alive(before["mongod"]))
    kernel.send(INSERT)
    kernel.receive(seconds=110)  # the driver alone would try for two minutes
    assert kernel.ask("c.database.things.count_documents({})") == 2


def test_writes_that_stand_in_each_others_way_all_get_through(connection, things):
    def count(session):
        found = things.find_one({"_id": 0}, session=session)
        things.update_one({"_id": 0}, {"$set": {"count": found["count"] + 1}}, session=session)

    def many():
        for _ in range(10):
            transact(connection, count)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert things.find_one({"_id": 0})["count"] == 40


def test_a_commit_whose_answer_was_lost_is_not_done_twice(connection, things, monkeypatch):
    commit, lost = ClientSession.commit_transaction, []

    def lose_the_first_answer(session):
        commit(session)
        if not lost:
            lost.append(True)
            error = AutoReconnect("connection closed")
            error._add_error_label("UnknownTransactionCommitResult")
            raise error

    monkeypatch.setattr(ClientSession, "commit_transaction", lose_the_first_answer)
    transact(connection, lambda session: things.insert_one({}, session=session))
    assert lost
    assert things.count_documents({}) == 2


def test_what_the_body_raises_undoes_what_it_wrote(connection, things):
    def body(session):
        things.insert_one({}, session=session)
        raise KeyError

    with pytest.raises(KeyError):
        transact(connection, body)
    assert things.count_documents({}) == 1


def test_it_gives_up_on_a_server_that_goes_away_again_and_again(connection):
    tries = []

    def body(session):
        tries.append(session)
        raise AutoReconnect("connection closed")

    with pytest.raises(DatabaseError, match=r"went away 3 times.*commit it again"):
        transact(connection, body)
    assert len(tries) == 3
