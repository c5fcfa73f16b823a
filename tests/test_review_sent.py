"""Walking through what was sent to review: real images, the real backbone."""

import pytest

from tests.dataset.pictures import sort_digits
from workbench.labels.events import Source

CLASSES = ["3", "8"]


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    """Twenty threes and twenty eights."""
    return sort_digits(tmp_path_factory.mktemp("review"), home, CLASSES, 20)


@pytest.fixture
def bench(home, folder, request):
    """All of them labelled by their folder; the first four are for testing."""
    import workbench as wb

    name = f"sent-{request.node.name[:40]}"
    bench = wb.open(name, images=folder, classes=CLASSES, labels="folders", annotator="ann")
    bench.dataset.set_values("split", [*["test"] * 4, *["pool"] * 36])
    yield bench
    wb.delete(name)


@pytest.fixture
def pool(bench):
    return bench.dataset.match({"split": "pool"}).values("id")


def walk(bench, **options):
    """What a page is shown in review, an image each."""
    return bench.label(review="sent", **options)._desk.state()["queue"]


def test_nothing_was_sent(bench):
    assert walk(bench) == []


def test_what_was_sent_is_shown_the_most_doubtful_first_with_its_evidence(bench, pool):
    wrong = pool[5]
    bench.labels.commit(wrong, "8")
    sent = [*bench.dataset.match({"split": "test"}).values("id")[:1], pool[0], wrong]
    bench.labels.many.send_to_review(sent)
    shown = walk(bench)
    assert [item["id"] for item in shown] == [wrong, pool[0], sent[0]]
    assert shown[0]["suggestion"]["label"] == "3"
    assert "labelled '8'" in shown[0]["reason"]
    assert len(shown[0]["neighbours"]) == 5
    assert "suggestion" not in shown[2], "the test split is blind"
    assert shown[2]["hints"] is False
    assert [item["id"] for item in walk(bench, count=1)] == [wrong]


def test_a_label_that_is_kept_or_changed_leaves_the_review(bench, pool):
    bench.labels.many.send_to_review(pool[:3])
    desk = bench.label(review="sent")._desk
    for number, (sample, label) in enumerate([(pool[0], "3"), (pool[1], "8")]):
        op = {"id": f"op{number}", "kind": "label", "sample": sample, "label": label}
        answer = desk.apply(op)
        assert answer["ok"]
        assert answer["queued"] is False
    assert [item["id"] for item in desk.state()["queue"]] == [pool[2]]
    statuses = [bench.queue.item(each).status for each in pool[:3]]
    assert statuses == ["labelled", "labelled", "in review"]
    last = list(bench.labels.events)[-1]
    assert (last.source, last.before, last.after) == (Source.REVIEWED, "3", "8")

    answer = desk.apply({"id": "back", "kind": "undo"})
    assert answer["queued"] is True, "it is to be looked at again"
    label = bench.dataset[pool[1]].ground_truth
    assert (label.label, label.annotator, label.source) == ("3", "folders", "import")


def test_what_is_sent_meanwhile_is_shown_unless_a_number_was_asked_for(bench, pool):
    bench.labels.many.send_to_review(pool[:2])
    everything, two = (bench.label(review="sent", count=n)._desk for n in (None, 2))
    bench.labels.many.send_to_review(pool[2:3])
    assert everything.state()["queued"] == 3
    assert two.state()["queued"] == 2


def test_evidence_on_a_label_that_has_changed_is_not_shown(bench, pool):
    bench.labels.many.send_to_review(pool[:1])
    desk = bench.label(review="sent")._desk
    assert "suggestion" in desk.state()["queue"][0]
    bench.labels.commit(pool[0], "8")
    bench.labels.many.send_to_review(pool[:1])
    assert "suggestion" not in desk.state()["queue"][0]


def test_without_labels_of_two_classes_there_is_no_evidence(home, folder):
    import workbench as wb

    bench = wb.open("sent-one-class", images=folder, classes=CLASSES)
    try:
        first = bench.dataset.first().id
        bench.labels.commit(first, "3")
        bench.labels.many.send_to_review([first])
        assert [item["id"] for item in walk(bench)] == [first]
    finally:
        wb.delete("sent-one-class")


def test_who_has_reviewed_a_label_looks_again_when_it_is_sent(bench, pool):
    bench.labels.commit(pool[5], "8", source=Source.REVIEWED)
    assert pool[5] not in suspects(bench)
    bench.labels.many.send_to_review([pool[5]])
    assert pool[5] in suspects(bench)


def suspects(bench):
    return [item["id"] for item in bench.label(40, review="suspects")._desk.state()["queue"]]


def test_a_review_that_there_is_not_is_named(bench):
    with pytest.raises(ValueError, match="cannot review 'all': there are review=\"suspects\""):
        bench.label(review="all")
