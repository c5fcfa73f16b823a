"""Putting batches together, and into another order."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.selection.mixing import reorder

SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)
QUEUES = st.lists(st.tuples(st.booleans(), SCORES), max_size=30)


@given(QUEUES)
def test_what_is_fixed_stays_and_the_rest_is_sorted_around_it(queue):
    fixed, scores = [stays for stays, _ in queue], [score for _, score in queue]
    order = reorder(fixed, scores)
    assert sorted(order) == list(range(len(queue))), "each once"
    assert all(order[position] == position for position, stays in enumerate(fixed) if stays)
    moved = [position for position in order if not fixed[position]]
    # The highest first; equal ones stay in their order.
    assert moved == sorted(moved, key=lambda position: (-scores[position], position))


@given(QUEUES)
def test_an_order_that_is_right_is_left(queue):
    fixed, scores = [stays for stays, _ in queue], [score for _, score in queue]
    order = reorder(fixed, scores)
    again = reorder([fixed[i] for i in order], [scores[i] for i in order])
    assert again == list(range(len(queue)))
