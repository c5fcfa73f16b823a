"""Doubted regions of masks: planted errors are found, and what is right is left alone."""

import cv2
import numpy as np
import pytest

from workbench.quality.masks import MaskSuspectKind, doubt_regions, rank_mask_suspects

CLASSES = ["cat", "dog", "bird"]
PLANTED = 0.05
SIDE = 240


def disc(mask, centre, radius, value):
    middle = (int(centre[0]), int(centre[1]))
    cv2.circle(mask, middle, int(radius), int(value), -1)


def blank():
    return np.zeros((SIDE, SIDE), dtype=np.uint8)


def scene(rng, image, planted, errors):
    """Six discs, as labelled and as a fair segmenter says them, and how sure it is."""
    labels, said = np.zeros((2, SIDE, SIDE), dtype=np.uint16)
    sure = 0.95 + rng.normal(0, 0.01, labels.shape)
    for cell in rng.permutation(9)[:6].tolist():
        centre = np.array([cell % 3, cell // 3]) * 80 + 40 + rng.uniform(-5, 5, 2)
        radius, index, key = rng.uniform(10, 20), int(rng.integers(1, 4)), (image, cell)
        drawn, there = (centre + rng.normal(0, 0.5, 2), radius + rng.normal(0, 0.5), index), True
        draw = rng.random()
        if draw < planted:
            errors[MaskSuspectKind.OVERLOOKED].add(key)
            drawn = None
        elif draw < 2 * planted:
            errors[MaskSuspectKind.WRONG_CLASS].add(key)
            drawn = centre, radius, index % 3 + 1
        elif draw < 3 * planted:
            errors[MaskSuspectKind.LOOSE].add(key)
            way = rng.uniform(0, 2 * np.pi)
            drawn = centre + 0.7 * radius * np.array([np.cos(way), np.sin(way)]), radius, index
        elif draw < 4 * planted:
            errors[MaskSuspectKind.SPURIOUS].add(key)
            there = False
        if drawn:
            disc(labels, *drawn)
        mask = blank()
        if there and rng.random() < 0.93:
            guess = index if rng.random() < 0.95 else int(rng.integers(1, 4))
            disc(mask, centre + rng.normal(0, 1, 2), radius + rng.normal(0, 1), 1)
            said[mask > 0] = guess
            sure[mask > 0] = rng.beta(8, 1.5) + rng.normal(0, 0.03, int(mask.sum()))
            inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, 5) for m in (mask, 1 - mask))
            away = np.abs(inside - outside)
            near = away < 6
            sure[near] = np.minimum(sure[near], 0.5 + 0.5 * away[near] / 6)
        elif there:  # missed, not without a trace
            disc(mask, centre, radius, 1)
            sure[mask > 0] = rng.uniform(0.5, 1)
    for _ in range(rng.poisson(0.5)):
        spare = blank()
        disc(spare, rng.uniform(10, SIDE - 10, 2), rng.uniform(4, 10), 1)
        spare[said > 0] = 0
        said[spare > 0], sure[spare > 0] = rng.integers(1, 4), rng.beta(3, 3)
    return labels, said, np.clip(sure, 0.34, 1)


def found_and_planted(seed, planted=PLANTED):
    rng = np.random.default_rng(seed)
    errors = {kind: set() for kind in MaskSuspectKind}
    scenes = [scene(rng, image, planted, errors) for image in range(100)]
    return rank_mask_suspects([doubt_regions(*each, 3) for each in scenes], CLASSES), errors


def place(suspect):
    left, top, right, bottom = suspect.window
    return suspect.image, int((left + right) / 2 // 80) + 3 * int((top + bottom) / 2 // 80)


def test_likely_ones_are_planted_errors_and_most_of_those_as_the_docstring_says():
    right = dict.fromkeys(MaskSuspectKind, 0)
    told, planted = dict(right), dict(right)
    for seed in range(5):
        suspects, errors = found_and_planted(seed)
        for kind in MaskSuspectKind:
            likely = [place(each) for each in suspects.of(kind) if each.likely]
            right[kind] += len(set(likely) & errors[kind])
            told[kind] += len(likely)
            planted[kind] += len(errors[kind])
    precision, recall = ([right[k] / of[k] for k in MaskSuspectKind] for of in (told, planted))
    # Of about 150 of each kind; the docstring's figures are of other, and four times as many, scenes.
    assert precision == pytest.approx([0.67, 0.63, 0.72, 0.88], abs=0.1)
    assert recall == pytest.approx([0.43, 0.5, 0.66, 1.0], abs=0.1)
    assert sum(right.values()) / sum(told.values()) == pytest.approx(0.74, abs=0.05)
    assert sum(right.values()) / sum(planted.values()) == pytest.approx(0.65, abs=0.05)


def test_where_nothing_is_planted_little_is_likely():
    suspects, _ = found_and_planted(0, planted=0.0)
    assert suspects.likely <= 45, "of 600 discs"


def drawn(*boxes):
    mask = np.zeros((100, 100), dtype=np.uint16)
    for index, left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = index
    return mask


CAT = (1, 10, 10, 30, 30)


@pytest.mark.parametrize(
    ("labels", "said", "kind", "reason"),
    [
        ([], [CAT], "overlooked",
         "no label at the top left, where the model, which has not seen this label, says 'cat' (90 %)"),
        ([CAT], [], "spurious",
         "labelled 'cat' at the top left; the model, which has not seen this label, says no class (90 %)"),
        ([CAT], [(2, 10, 10, 30, 30)], "wrong class",
         "labelled 'cat' at the top left; the model, which has not seen this label, says 'dog' (90 %)"),
        ([(1, 10, 10, 40, 30)], [CAT], "loose",
         "'cat' at the top left: the model, which has not seen this label, says the same, but not as "
         "far as the label goes, or farther (90 % in doubt)"),
        ([CAT], [(1, 10, 10, 30, 42)], "loose",
         "'cat' at the top left: the model, which has not seen this label, says the same, but not as "
         "far as the label goes, or farther (90 % in doubt)"),
    ],
)  # fmt: skip
def test_each_kind_says_its_evidence(labels, said, kind, reason):
    sure = np.full((100, 100), 0.9)
    found = rank_mask_suspects([doubt_regions(drawn(*labels), drawn(*said), sure, 3)], CLASSES)
    (suspect,) = found.suspects
    assert (suspect.kind, suspect.reason) == (kind, reason)
    assert 0.85 < suspect.score <= 0.9
    region = (labels or said)[0]
    assert suspect.window == region[1:]
    assert suspect.pixels == (region[3] - region[1]) * (region[4] - region[2])


def test_one_doubted_label_alone_does_not_make_its_own_doubt_usual():
    ways = [(drawn(CAT), drawn(CAT))] * 9 + [(drawn((1, 10, 10, 40, 30)), drawn(CAT))]
    sure = np.full((100, 100), 0.9)
    found = rank_mask_suspects([doubt_regions(*each, sure, 3) for each in ways], CLASSES)
    assert [(each.image, each.likely) for each in found.suspects] == [(9, True)]


def test_unsure_edges_alone_raise_no_doubt():
    labels = drawn((1, 20, 20, 80, 80))
    sure = np.full((100, 100), 0.95)
    sure[19:21], sure[79:81], sure[:, 19:21], sure[:, 79:81] = 0.4, 0.4, 0.4, 0.4
    found = doubt_regions(labels, labels, sure, 3)
    assert found.doubt.max() < 0.1
    assert rank_mask_suspects([found], CLASSES).suspects == ()


def test_a_region_too_thin_to_have_an_inside_is_judged_whole():
    line = drawn((1, 10, 50, 90, 51))
    found = doubt_regions(line, drawn(), np.full((100, 100), 0.9), 3)
    assert found.doubt == pytest.approx([0.9], abs=1e-6)


def test_confidences_may_be_coarser_than_masks():
    fine = doubt_regions(drawn(CAT), drawn(), np.full((100, 100), 0.8), 3)
    coarse = doubt_regions(drawn(CAT), drawn(), np.full((25, 25), 0.8, dtype=np.float16), 3)
    assert coarse.doubt == pytest.approx(fine.doubt, abs=1e-3)


def test_without_regions_nothing_is_doubted_and_strangers_are_refused():
    nothing = doubt_regions(drawn(), drawn(), np.full((100, 100), 0.9), 3)
    assert rank_mask_suspects([nothing], CLASSES).suspects == ()
    assert rank_mask_suspects([], CLASSES).likely == 0
    with pytest.raises(ValueError, match="0 to 3, but got 7"):
        doubt_regions(drawn(), drawn((7, 0, 0, 5, 5)), np.full((100, 100), 0.9), 3)
    with pytest.raises(ValueError, match="one size"):
        doubt_regions(drawn(), np.zeros((5, 5), np.uint16), np.full((100, 100), 0.9), 3)
    with pytest.raises(ValueError, match="confidences must be 0 to 1"):
        doubt_regions(drawn(), drawn(), np.full((100, 100), 1.9), 3)
    with pytest.raises(ValueError, match="of 1 classes, not 3"):
        rank_mask_suspects([nothing], ["cat"])
