"""The queue lives in the dataset: order, batches, images chosen by hand."""

import math

from workbench.dataset.types import Pick


def picks(ids, start=0):
    return [Pick(i, start + rank, 0.5, "margin", f"reason {rank}") for rank, i in enumerate(ids)]


def test_batches_come_in_order_and_chosen_by_hand_first(bench):
    ids = bench.dataset.values("id")
    assert len(bench.queue) == 0
    assert bench.queue.add(picks(ids[4:6])) == 1
    assert bench.queue.add(picks(ids[0:2])) == 2
    assert bench.queue.add_by_hand([ids[9], ids[8]]) == 2
    assert [item.sample_id for item in bench.queue.items()] == [
        *(ids[9], ids[8]),
        *ids[4:6],
        *ids[0:2],
    ]
    assert [item.sample_id for item in bench.queue.items(limit=1)] == [ids[9]]
    assert bench.queue.add_by_hand([ids[9], ids[7]]) == 1, "one of them was in it before"


def test_an_item_says_what_and_why(bench):
    sample_id = bench.dataset.values("id")[0]
    bench.queue.add([Pick(sample_id, 3, math.nan, "random", "why")])
    (item,) = bench.queue.items()
    assert (item.rank, item.batch, item.strategy, item.reason) == (3, 1, "random", "why")
    assert (item.label, item.event) == (None, "")
    assert bench.dataset[sample_id].pick.reason == "why"
    assert bench.dataset[sample_id].pick.score is None


def test_labelling_and_skipping_leave_the_queue_and_undo_returns(bench):
    ids = bench.dataset.values("id")
    bench.queue.add(picks(ids[:3]))
    bench.labels.commit(ids[0], "cat")
    bench.labels.skip(ids[1])
    assert [item.sample_id for item in bench.queue.items()] == [ids[2]]
    bench.labels.undo()
    bench.labels.undo()
    assert [item.sample_id for item in bench.queue.items()] == ids[:3]


def test_the_history_knows_the_batch(bench):
    ids = bench.dataset.values("id")
    bench.queue.add(picks(ids[:1]))
    bench.queue.add(picks(ids[1:2]))
    bench.labels.commit(ids[1], "cat")
    assert bench.labels.history()["batch"].tolist() == [2]


def test_queueing_is_told_and_a_labelled_image_can_be_queued_again(bench):
    heard = []
    stop = bench.queue.on_change(lambda: heard.append(len(bench.queue)))
    sample_id = bench.dataset.values("id")[0]
    bench.labels.commit(sample_id, "cat")
    bench.queue.add_by_hand([sample_id])
    stop()
    assert heard == [1]
    (item,) = bench.queue.items()
    assert item.label == "cat"
