"""Doubted boxes: planted errors are found, and what is right is left alone."""

import numpy as np
import pytest

from tests.evaluation.boxes import table
from workbench.quality.boxes import BoxSuspectKind, rank_box_suspects

CLASSES = ["cat", "dog", "bird"]
PLANTED = 0.05
CAT = (10, 10, 30, 30)


def world(seed, images=200, planted=PLANTED):
    """Labels with planted errors, what a fair detector says, and what was planted by kind.

    Returns:
        labels, said, and {kind: {(image, left, top of the true box)}}.
    """
    rng = np.random.default_rng(seed)
    labels, said = [], []
    errors = {kind: [] for kind in BoxSuspectKind}
    for image in range(images):
        # One object in each of five cells, so that none is hidden behind another.
        for cell in rng.choice(9, 5, replace=False):
            corner = np.array([cell % 3, cell // 3]) * 100 + rng.uniform(5, 30, 2)
            size = rng.uniform(30, 60, 2)
            box, index = np.concatenate([corner, corner + size]), int(rng.integers(3))
            key = (image, cell)
            drawn, named = box.copy(), index
            draw = rng.random()
            if draw < planted:
                errors[BoxSuspectKind.OVERLOOKED].append(key)
                drawn = None
            elif draw < 2 * planted:
                errors[BoxSuspectKind.BADLY_PLACED].append(key)
                way = rng.uniform(0, 2 * np.pi)
                drawn = box + np.tile(size / 2 * [np.cos(way), np.sin(way)], 2)
            elif draw < 3 * planted:
                errors[BoxSuspectKind.WRONG_CLASS].append(key)
                named = (index + int(rng.integers(1, 3))) % 3
            if drawn is not None:
                labels.append((image, named, 1.0, *(drawn + rng.normal(0, 1, 4))))
            if rng.random() < 0.9:
                guess = index if rng.random() < 0.95 else int(rng.integers(3))
                said.append((image, guess, rng.beta(6, 1.5), *(box + rng.normal(0, 2, 4))))
        for _ in range(rng.poisson(1)):
            corner = rng.uniform(0, 250, 2)
            spare = np.concatenate([corner, corner + rng.uniform(20, 50, 2)])
            said.append((image, int(rng.integers(3)), rng.beta(1, 4), *spare))
    return table(labels), table(said), {kind: set(keys) for kind, keys in errors.items()}


def place(corners, image):
    middle = (corners[:2] + corners[2:]) / 2
    return image, int(middle[0] // 100) + 3 * int(middle[1] // 100)


def found_and_planted(seed, **options):
    labels, said, errors = world(seed, **options)
    suspects = rank_box_suspects(labels, said, [(300, 300)] * 200, CLASSES)
    likely = {
        kind: [place(said.corners[s.said], s.image) for s in suspects.of(kind) if s.likely]
        for kind in BoxSuspectKind
    }
    return suspects, likely, errors


def test_likely_ones_are_planted_errors_and_most_of_those_as_the_docstring_says():
    right = dict.fromkeys(BoxSuspectKind, 0)
    told, planted = dict(right), dict(right)
    for seed in range(5):
        _, likely, errors = found_and_planted(seed)
        for kind in BoxSuspectKind:
            right[kind] += len(set(likely[kind]) & errors[kind])
            told[kind] += len(likely[kind])
            planted[kind] += len(errors[kind])
    precision, recall = ([right[k] / of[k] for k in BoxSuspectKind] for of in (told, planted))
    assert precision == pytest.approx([0.99, 0.99, 0.63], abs=0.05)
    assert recall == pytest.approx([0.54, 0.89, 0.47], abs=0.05)
    assert sum(right.values()) / sum(told.values()) == pytest.approx(0.87, abs=0.03)
    assert sum(right.values()) / sum(planted.values()) == pytest.approx(0.63, abs=0.03)


def test_where_nothing_is_planted_little_is_likely():
    suspects, _, _ = found_and_planted(0, planted=0.0)
    assert suspects.likely <= 20, "of 1,000 boxes"


def test_the_most_suspicious_ones_come_first_with_scores_of_0_to_1():
    suspects, _, _ = found_and_planted(1)
    scores = [suspect.score for suspect in suspects.suspects]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= min(scores) <= max(scores) <= 1
    assert suspects.likely == sum(suspect.likely for suspect in suspects.suspects)
    labels = [s.label for s in suspects.suspects if s.label >= 0]
    assert len(labels) == len(set(labels)), "a label is doubted for one thing alone"


@pytest.mark.parametrize(
    ("said", "kind", "reason"),
    [
        (
            (0, 1, 0.9, 70, 70, 90, 90),
            "overlooked",
            "no box at the bottom right, where the model, which has not seen these labels, says "
            "'dog' (90 %)",
        ),
        (
            (0, 0, 0.9, 20, 10, 40, 30),
            "badly placed",
            "'cat' at the top left: the model's box (90 %) overlaps it by 33 %, where 85 % is usual",
        ),
        (
            (0, 1, 0.9, *CAT),
            "wrong class",
            "labelled 'cat' at the top left; the model, which has not seen this label, says 'dog' "
            "(90 %)",
        ),
    ],
)
def test_each_kind_says_its_evidence_and_means_its_box(said, kind, reason):
    found = rank_box_suspects(table([(0, 0, 1.0, *CAT)]), table([said]), [(100, 100)], CLASSES)
    (suspect,) = found.suspects
    assert (suspect.kind, suspect.reason) == (kind, reason)
    assert (suspect.image, suspect.said) == (0, 0)
    assert suspect.label == (-1 if kind == "overlooked" else 0)
    assert suspect.likely


def test_a_second_voice_for_the_label_makes_it_less_suspicious():
    label = table([(0, 0, 1.0, *CAT)])
    alone = rank_box_suspects(label, table([(0, 1, 0.9, *CAT)]), [(100, 100)], CLASSES)
    both = table([(0, 1, 0.9, *CAT), (0, 0, 0.5, *CAT)])
    assert rank_box_suspects(label, both, [(100, 100)], CLASSES).suspects[0].score == pytest.approx(
        alone.suspects[0].score / 2
    )


def test_an_object_is_overlooked_once_however_often_it_is_seen():
    seen = [(0, 0, 0.9, *CAT), (0, 1, 0.8, 11, 10, 31, 30), (0, 0, 0.7, *CAT)]
    found = rank_box_suspects(table([]), table(seen), [(100, 100)], CLASSES)
    assert [suspect.score for suspect in found.suspects] == [0.9]


def test_without_boxes_nothing_is_suspected_and_strangers_are_refused():
    label = table([(0, 0, 1.0, *CAT)])
    assert rank_box_suspects(label, table([]), [(100, 100)], CLASSES).likely == 0
    assert rank_box_suspects(table([]), table([]), [], []).suspects == ()
    right = rank_box_suspects(label, table([(0, 0, 0.9, *CAT)]), [(100, 100)], CLASSES)
    assert right.suspects == ()
    with pytest.raises(ValueError, match="one of the 0 images"):
        rank_box_suspects(label, table([]), [], CLASSES)
    with pytest.raises(ValueError, match="one of the 0 classes"):
        rank_box_suspects(table([]), label, [(100, 100)], [])
