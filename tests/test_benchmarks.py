"""The benchmarks run, in miniature, and say what they promise to say."""

import re
import shutil
from pathlib import Path

import pytest

from benchmarks._kills import Label, find_lost
from benchmarks._report import Figure, Report, line, mean_interval, spread

ROOT = Path(__file__).resolve().parents[1]
LINE = re.compile(r"(\w+)\.(\w+): \S.* \(goal \S.*\) (ok|short)")

FIGURES = {
    "boxes": [
        *("pointer_idle_p95", "pointer_training_p95", "open_1000_p95", "fps_2000"),
        *("actions_by_hand", "seconds_by_hand"),
    ],
    "commits": ["rate_to_sample_save", "p95", "lost_in_2_kills"],
    "detection": ["coins_map50", "map50", "minutes", "picked_beyond_random"],
    "display": ["cached_proxy"],
    "embedding": ["to_a_plain_loop", "largest_deviation"],
    "feedback": ["key_to_suggestions_p95", "key_to_suggestions_p95_multilabel"],
    "finetuning": ["speed", "digits_beyond_svc", "faces"],
    "flywheel": ["accuracy_at_100_labels", "paired_gain_over_random"],
    "formats": ["coco_import", "coco_documents_that_differ"],
    "grid": ["digits_actions", "faces_actions"],
    "labelling": [
        *("next_image_1mp_p95", "acknowledged_1mp_p95"),
        *("next_image_12mp_p95", "acknowledged_12mp_p95"),
        *("fps_12mp", "pointer_p95", "ahead_of_ipycanvas"),
    ],
    "opening": [
        *("import_workbench", "heavy_modules"),
        *("first_image_beyond_fiftyone_import", "frame_once_open"),
    ],
    "picking": [
        *("margin", "kcenter", "badge", "typiclust", "badge_100_classes", "uherding_on_all"),
        *("million", "million_memory", "slope"),
    ],
    "predictions": [
        *("classification_to_set_values", "classification_documents_that_differ"),
        *("multilabel_to_set_values", "multilabel_documents_that_differ"),
    ],
    "probe": [
        *(
            f"{size}_C{C}_{what}"
            for size in ("1k_384_10", "10k_384_100", "50k_768_10")
            for C in (1, 300)
            for what in ("faster", "accuracy")
        ),
        "warm_refit",
    ],
    "outlines": [
        *(
            f"{name}_{figure}"
            for name in ("coins", "digits")
            for figure in (
                *("average_precision", "precision", "recall", "false_alarms"),
                *("overlap_mended", "milliseconds_an_outline"),
            )
        ),
        "textures_false_alarms",
    ],
    "masks": [
        *("clicks_ratio", "grabcut_ms", "commit_12mp_p95"),
        *("brush_12mp_p95", "undone_and_redone", "fps_200_polygons"),
    ],
    "segmentation": ["semantic_iou", "semantic_minutes", "instances_map50", "minutes"],
    "slices": ["planted_found", "none_reported"],
    "suspects": [
        *(
            f"{name}_{rate}_above_{arm}"
            for arm in ("confident_learning", "neighbours")
            for name in ("digits", "faces")
            for rate in (5, 10, 20)
        ),
        *("digits_reviews_against_random", "faces_reviews_against_random"),
    ],
}
IN_BROWSER = {"boxes", "labelling", "masks", "opening"}
TOPICS = [
    pytest.param(topic, marks=pytest.mark.browser if topic in IN_BROWSER else ())
    for topic in sorted(FIGURES)
]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_miniature_runs_and_ends_with_its_figures(behind, topic):
    ran = behind.wait(topic, 1800)
    assert ran.returncode == 0, ran.stderr[-4000:]
    out = ran.stdout
    printed = out.splitlines()
    assert printed[0] == f"benchmarks.{topic} --quick"
    assert re.search(r"\d+ of \d+ cores, \d+ GiB, \S", printed[1])
    assert re.search(r"Python 3\.\d+\.\d+, torch \d.*, fiftyone \d", printed[2])
    assert printed[3].lstrip().startswith("load at the start: ")
    figures = printed[-len(FIGURES[topic]) :]
    found = [LINE.fullmatch(each) for each in figures]
    assert [match and match.groups()[:2] for match in found] == [
        (topic, name) for name in FIGURES[topic]
    ]
    assert not any(LINE.fullmatch(each) for each in printed[: -len(figures)])
    assert "lost_in_2_kills: 0 " in out or topic != "commits"


def test_every_benchmark_is_run_here():
    topics = {path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py")}
    assert topics == set(FIGURES)


def test_a_figure_is_a_line():
    assert line("a", Figure("b", "1.2 s", "<= 2 s", True)) == "a.b: 1.2 s (goal <= 2 s) ok"
    assert line("a", Figure("b", "2.1 s", "<= 2 s", False)) == "a.b: 2.1 s (goal <= 2 s) short"


def test_a_run_that_breaks_has_no_figures(capsys):
    with pytest.raises(KeyError), Report("topic") as report:
        report.figure("name", "1", "1", True)
        raise KeyError
    assert "topic.name" not in capsys.readouterr().out


def test_a_mean_has_students_interval():
    found = mean_interval([1.0, 2.0, 3.0])
    # Student's quantile for two degrees of freedom is 4.303, the standard error 1 / sqrt(3).
    assert found.value == 2.0
    assert (found.low, found.high) == pytest.approx((2 - 2.484, 2 + 2.484), abs=1e-3)


def test_a_spread_is_the_median_within_its_range():
    assert spread([3.0, 1.0, 2.5], "ms", 1) == "2.5 ms (1.0 to 3.0, n = 3)"


@pytest.fixture
def bench(home, tmp_path):
    import workbench as wb

    for path in sorted(wb.digits(home).glob("0/*.png"))[:3]:
        shutil.copy(path, tmp_path)
    yield wb.open("benchmark-tests", images=tmp_path, classes=["a", "b"])
    wb.delete("benchmark-tests")


def as_label(commit):
    return Label(commit.event.sample_id, commit.event.id, commit.event.after, at=0.0)


def test_a_label_that_was_overruled_is_not_lost(bench):
    sample = bench.dataset.first().id
    kept = [as_label(bench.labels.commit(sample, label)) for label in ("a", "b")]
    assert find_lost(bench, kept) == []


def test_a_label_that_is_gone_from_the_history_is_lost(bench):
    one, two = (as_label(bench.labels.commit(i, "a")) for i in bench.dataset.values("id")[:2])
    bench._connection.database["workbench.events"].delete_one({"_id": two.event})
    assert find_lost(bench, [one, two]) == [two]


def test_a_label_that_is_gone_from_its_image_is_lost(bench):
    one, two = (as_label(bench.labels.commit(i, "a")) for i in bench.dataset.values("id")[:2])
    bench.dataset.select(one.sample).set_values("ground_truth.label", ["b"])
    bench.dataset.select(two.sample).set_values("label_event", [None])
    assert find_lost(bench, [one, two]) == [one, two]
