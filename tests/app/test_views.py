"""The saved views: what they hold, in which order, and that they stay true."""

import fiftyone as fo
import pytest

from workbench.app.views import (
    IN_REVIEW,
    LEAST_SURE,
    NEXT_BATCH,
    WRONG_ON_TEST,
    arrange_sidebar,
    save_standard_views,
    save_views,
)
from workbench.dataset import schema


@pytest.fixture
def small(home):
    """A dataset without samples, as `wb.open` makes it."""
    dataset = fo.Dataset()
    schema.prepare(dataset, "classification", ["a", "b"])
    yield dataset
    dataset.delete()


def sample(number, *, split="pool", status="unlabelled", truth=None, guess=None, rank=None, **more):
    made = fo.Sample(filepath=f"/nowhere/{number}.png", split=split, label_status=status)
    if truth:
        made["ground_truth"] = fo.Classification(label=truth)
    if guess:
        made["prediction"] = fo.Classification(label=guess, **more)
    if rank is not None:
        made["pick"] = fo.DynamicEmbeddedDocument(rank=rank, **more)
    return made


def shown(dataset, name):
    """The numbers of the samples in a saved view, in its order."""
    paths = dataset.load_saved_view(name).values("filepath")
    return [int(path.split("/")[-1].split(".")[0]) for path in paths]


def test_wrong_on_test_holds_labelled_mistakes_the_surest_first(small):
    small.add_samples(
        [
            sample(0, split="test", truth="a", guess="b", confidence=0.6),
            sample(1, split="test", truth="a", guess="b", confidence=0.9),
            sample(2, split="test", truth="a", guess="a", confidence=0.8),  # right
            sample(3, split="test", guess="b", confidence=0.9),  # not labelled
            sample(4, split="test", truth="a"),  # not predicted
            sample(5, split="pool", truth="a", guess="b", confidence=0.9),  # not a test image
        ],
        progress=False,
    )
    save_standard_views(small)
    assert shown(small, WRONG_ON_TEST) == [1, 0]


def test_least_sure_holds_the_unlabelled_pool_by_margin(small):
    small.add_samples(
        [
            sample(0, guess="a", margin=0.3),
            sample(1, guess="a", margin=0.1),
            sample(2, guess="a", margin=0.2),
            sample(3, guess="a", margin=0.0, split="test"),  # blind
            sample(4, guess="a", margin=0.0, status="labelled", truth="a"),
            sample(5),  # not predicted
        ],
        progress=False,
    )
    save_standard_views(small)
    assert shown(small, LEAST_SURE) == [1, 2, 0]


def test_next_batch_holds_the_queue_in_the_order_of_the_picks(small):
    small.add_samples(
        [
            sample(0, status="queued", batch=1, rank=1),
            sample(1, status="queued", batch=2, rank=0),
            sample(2, status="queued", batch=1, rank=0),
            sample(3, status="labelled", batch=1, rank=2),
        ],
        progress=False,
    )
    save_standard_views(small)
    assert shown(small, NEXT_BATCH) == [2, 0, 1]


def test_the_views_stay_true_as_labels_come(small):
    small.add_sample(sample(0, status="queued", batch=1, rank=0))
    save_standard_views(small)
    assert shown(small, NEXT_BATCH) == [0]
    small.first().set_field("label_status", "labelled")
    small.set_values("label_status", ["labelled"])
    assert shown(small, NEXT_BATCH) == []


def test_what_was_sent_to_review_is_shown(small):
    small.add_samples([sample(0, status="in review"), sample(1, status="labelled")])
    save_standard_views(small)
    assert shown(small, IN_REVIEW) == [0]


def test_the_views_of_a_new_dataset_are_empty(small):
    save_standard_views(small)
    assert small.list_saved_views() == [WRONG_ON_TEST, LEAST_SURE, NEXT_BATCH, IN_REVIEW]
    assert [shown(small, name) for name in small.list_saved_views()] == [[], [], [], []]


def test_a_list_of_ids_keeps_its_order(small):
    ids = small.add_samples([sample(number) for number in range(4)], progress=False)
    save_views(small, {"Mine": [ids[2], ids[0]], "None": []})
    assert shown(small, "Mine") == [2, 0]
    assert shown(small, "None") == []


def test_saving_again_replaces_and_saving_the_same_changes_nothing(small):
    ids = small.add_samples([sample(number) for number in range(4)], progress=False)
    save_views(small, {"Mine": ids[:2]})
    save_views(small, {"Mine": ids[2:]})
    assert shown(small, "Mine") == [2, 3]
    assert small.list_saved_views() == ["Mine"]
    before = small.last_modified_at
    save_views(small, {"Mine": ids[2:]})
    assert small.last_modified_at == before


def test_the_sidebar_leads_with_what_a_person_compares(small):
    arrange_sidebar(small)
    first, second = small.app_config.sidebar_groups[:2]
    assert first.paths == ["ground_truth", "prediction", "label_status", "split"]
    assert second.name == "pick"
    assert small.app_config.active_fields.paths == ["ground_truth", "prediction", "label_status"]
    everywhere = [path for group in small.app_config.sidebar_groups for path in group.paths]
    assert len(everywhere) == len(set(everywhere))


def test_a_sidebar_that_somebody_arranged_stays(small):
    mine = [fo.SidebarGroupDocument(name="mine", paths=["split"])]
    small.app_config.sidebar_groups = mine
    small.save()
    arrange_sidebar(small)
    assert small.app_config.sidebar_groups == mine
    assert small.app_config.active_fields is None
