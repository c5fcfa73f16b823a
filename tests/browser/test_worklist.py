"""The page's own view of the queue, in the browser it runs in, without a kernel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.lab import Lab
from workbench.widgets._modules import link

STATIC = Path(__file__).parents[2] / "workbench" / "widgets" / "static"

PRELUDE = """async text => {
    const url = URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));
    const {createWorklist} = await import(url);
    let next = 0;
    window.work = createWorklist(() => `op${++next}`);
    const item = id => ({id, name: `${id}.png`, batch: 1, reason: '', label: null, event: '', hints: true});
    window.item = item;
    window.state = (ids, more = 0) => ({
        queue: ids.map(item), queued: ids.length + more, classes: ['cat', 'dog'], counts: {cat: 3},
    });
    window.look = () => ({
        current: work.current?.id ?? null, next: work.upcoming(9).map(i => i.id), left: work.left,
        done: work.done, counts: {...work.counts}, unsaved: work.unsaved, classes: [...work.classes],
    });
}"""


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    page = lab.blank()
    page.evaluate(PRELUDE, link(STATIC / "worklist.js") + "export { createWorklist };")
    page.evaluate("work.load(state(['a', 'b', 'c']))")
    yield page
    page.context.close()


def do(page: Page, code: str) -> Any:
    return page.evaluate(code)


def look(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("look()")
    return found


def test_finishing_goes_on_at_once_and_counts(page: Page) -> None:
    op = do(page, "work.finish('cat', 1.5)")
    assert op == {
        **{"id": "op1", "kind": "label", "sample": "a", "label": "cat"},
        **{"seconds": 1.5, "basedOn": ""},
    }
    seen = look(page)
    assert (seen["current"], seen["left"], seen["done"]) == ("b", 2, 1)
    assert (seen["counts"], seen["unsaved"]) == ({"cat": 4}, 1)
    do(page, "work.acknowledge({id: 'op1', ok: true, queued: false})")
    assert look(page) == {**seen, "unsaved": 0}


def test_undo_returns_and_a_second_label_builds_on_what_the_kernel_goes_back_to(page: Page) -> None:
    do(page, "work.finish('cat', 1); work.finish('dog', 1); work.undo(); work.undo()")
    seen = look(page)
    assert (seen["current"], seen["next"], seen["left"]) == ("a", ["b", "c"], 3)
    assert (seen["done"], seen["counts"]) == (0, {"cat": 3, "dog": 0})
    assert do(page, "work.finish('dog', 1)")["basedOn"] == ""


def test_relabelling_counts_the_old_label_out(page: Page) -> None:
    do(
        page,
        "work.load({...state([]), queue: [{...item('x'), label: 'cat', event: 'e9'}], queued: 1})",
    )
    assert do(page, "work.finish('dog', 1)")["basedOn"] == "e9"
    assert look(page)["counts"] == {"cat": 2, "dog": 1}


def test_an_undo_from_before_the_page_waits_for_the_kernel(page: Page) -> None:
    do(page, "work.undo()")
    assert look(page)["current"] == "a"
    do(page, "work.acknowledge({id: 'op1', ok: true, queued: true, item: item('old')})")
    seen = look(page)
    assert (seen["current"], seen["next"], seen["left"]) == ("old", ["a", "b", "c"], 4)


def test_nothing_to_undo_is_said(page: Page) -> None:
    do(page, "work.undo()")
    answer = do(page, "work.acknowledge({id: 'op1', ok: true, nothing: 'nothing to undo'})")
    assert (answer["notice"], answer["settled"]) == ("nothing to undo", True)


def test_a_conflict_brings_the_image_back_after_the_one_on_screen(page: Page) -> None:
    do(page, "work.finish('cat', 1)")
    answer = do(
        page,
        """work.acknowledge({id: 'op1', ok: true, queued: false,
            item: {...item('a'), label: 'dog', event: 'theirs'},
            conflict: {annotator: 'bob', label: 'dog'}})""",
    )
    assert answer["notice"] == "bob had labelled a.png dog: label it again to overrule"
    seen = look(page)
    assert (seen["current"], seen["next"], seen["left"]) == ("b", ["a", "c"], 3)
    assert (seen["done"], seen["unsaved"]) == (0, 0)
    do(page, "work.finish('cat', 1)")
    assert do(page, "work.finish('cat', 1)")["basedOn"] == "theirs"


def test_a_final_error_brings_the_image_back_and_a_passing_one_keeps_the_operation(
    page: Page,
) -> None:
    do(page, "work.finish('cat', 1)")
    passing = do(
        page, "work.acknowledge({id: 'op1', ok: false, final: false, error: 'no database'})"
    )
    assert (passing["settled"], passing["notice"]) == (False, "no database")
    assert look(page)["unsaved"] == 1
    do(page, "work.acknowledge({id: 'op1', ok: false, final: true, error: 'unknown class'})")
    seen = look(page)
    assert (seen["current"], seen["next"], seen["unsaved"]) == ("b", ["a", "c"], 0)
    assert seen["counts"] == {"cat": 3}


def test_loading_keeps_the_image_on_screen_and_leaves_out_what_is_under_way(page: Page) -> None:
    do(page, "work.finish('cat', 1)")
    do(page, "work.load(state(['chosen', 'a', 'c', 'b'], 40))")
    seen = look(page)
    assert (seen["current"], seen["next"]) == ("b", ["chosen", "c"])
    assert seen["left"] == 43
    assert seen["counts"] == {"cat": 4}


def test_more_is_asked_for_before_the_head_of_the_queue_runs_out(page: Page) -> None:
    assert not do(page, "work.needsMore")
    do(page, "work.load(state(['a', 'b'], 100))")
    assert do(page, "work.needsMore")


def test_news_from_elsewhere_concern_other_images_only_once(page: Page) -> None:
    own = do(page, "work.finish('cat', 1), work.hear({news: 'label', event: 'op1', sample: 'a'})")
    assert own is False
    do(
        page,
        "work.hear({news: 'label', event: 'x', sample: 'c', before: null, after: 'dog', listed: false})",
    )
    seen = look(page)
    assert (seen["current"], seen["next"], seen["left"]) == ("b", [], 1)
    assert seen["counts"] == {"cat": 4, "dog": 1}
    do(page, "work.hear({news: 'classes', event: 'y', classes: ['cat', 'dog', 'fish']})")
    assert look(page)["classes"] == ["cat", "dog", "fish"]


def test_a_refused_class_goes_again(page: Page) -> None:
    do(page, "work.addClass('fish')")
    assert look(page)["classes"] == ["cat", "dog", "fish"]
    do(page, "work.acknowledge({id: 'op1', ok: false, final: true, error: 'taken'})")
    assert look(page)["classes"] == ["cat", "dog"]


def test_redo_does_again_what_was_taken_back_until_something_new_is_done(page: Page) -> None:
    do(page, "work.finish('cat', 1); work.finish('dog', 1)")
    ahead = look(page)
    assert do(page, "work.redo()") is None, "nothing was taken back"
    do(page, "work.undo(); work.undo()")
    assert do(page, "work.redo().kind") == "redo"
    do(page, "work.redo()")
    assert {**look(page), "unsaved": 0} == {**ahead, "unsaved": 0}
    do(page, "work.undo()")
    assert do(page, "work.redoable") is True
    do(page, "work.finish('cat', 1)")
    assert do(page, "work.redoable") is False


def test_a_label_of_many_is_one_step(page: Page) -> None:
    op = do(page, "work.finishMany(['b', 'x', 'y'], 'dog', 3)")
    assert (op["kind"], op["samples"]) == ("labels", ["b", "x", "y"])
    seen = look(page)
    assert (seen["next"], seen["left"], seen["counts"]) == (["c"], 2, {"cat": 3, "dog": 3})
    assert do(page, "['b', 'x', 'a'].map(id => work.labelOf(id) ?? null)") == ["dog", "dog", None]
    do(page, "work.undo()")
    seen = look(page)
    assert (seen["current"], seen["left"], seen["counts"]) == ("b", 3, {"cat": 3, "dog": 0})
    do(page, "work.redo()")
    answer = do(page, "work.acknowledge({id: 'op1', ok: true, left: ['x']})")
    assert "1 had been labelled meanwhile" in answer["notice"]
    assert look(page)["counts"]["dog"] == 2


def test_what_is_put_off_comes_back_by_undo_without_the_kernel(page: Page) -> None:
    do(page, "work.putOff()")
    assert (look(page)["current"], look(page)["unsaved"]) == ("b", 0)
    assert do(page, "work.undo()") is None
    assert (look(page)["current"], look(page)["unsaved"]) == ("a", 0)


def test_a_model_reorders_all_but_the_image_on_screen(page: Page) -> None:
    suggestion = "{label: 'cat', scores: {cat: 0.9}, model: 'm'}"
    do(
        page,
        f"work.learn({{suggestions: {{a: {suggestion}, c: {suggestion}}}, order: ['c', 'b', 'a']}})",
    )
    seen = look(page)
    assert (seen["current"], seen["next"]) == ("a", ["c", "b"])
    op = do(page, "work.finish('cat', 1, true)")
    assert (op["accepted"], op["suggestion"], op["model"]) == (True, "cat", "m")
    do(page, "work.suggesting = false")
    assert do(page, "work.suggestion") is None
    assert "suggestion" not in do(page, "work.finish('cat', 1)")


def test_a_note_is_a_step_too(page: Page) -> None:
    do(page, "work.note('torn')")
    assert do(page, "work.current.note") == "torn"
    do(page, "work.undo()")
    assert not do(page, "work.current.note")
    do(page, "work.redo()")
    assert do(page, "work.current.note") == "torn"
