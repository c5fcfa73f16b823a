"""The plugin in the kernel's own server: from the App's button to the live session."""

import pytest

from workbench.app import operators
from workbench.errors import AppError, LabelError

URI = "@workbench/flywheel/queue_selected"


@pytest.fixture
def queued(dataset):
    """Stands for the session: the ids that were queued, and how many of them are new."""
    ids = []

    def queue(sample_ids):
        new = [each for each in sample_ids if each not in ids]
        ids.extend(new)
        return len(new)

    operators.register(dataset.name, queue)
    yield ids
    operators.unregister(dataset.name, queue)


@pytest.fixture
def press(call, dataset, server):
    """Press the button, as the App's page does; returns what the person is told."""

    def press(*selected, view=None):
        request = {
            "operator_uri": URI,
            "params": {},
            "dataset_name": dataset.name,
            "view": view._serialize() if view is not None else [],
            "filters": {},
            "extended": {},
            "selected": list(selected),
            "selected_samples": [{"id": each, "type": "default"} for each in selected],
            "selected_labels": [],
        }
        answer = call("/operators/execute", method="POST", data=request).json()
        assert answer.get("error") is None
        told = [each for each in answer["executor"]["requests"] if each["operator_uri"] == "notify"]
        assert len(told) == 1
        return told[0]["params"]["message"], told[0]["params"]["variant"]

    return press


def test_the_button_is_in_the_app(call, dataset, server):
    request = {"dataset_name": dataset.name, "view": [], "filters": {}, "extended": {}}
    placements = call("/operators/resolve-placements", method="POST", data=request).json()
    ours = [each for each in placements["placements"] if each["operator_uri"] == URI]
    assert len(ours) == 1
    assert ours[0]["placement"]["view"]["label"] == "Queue selected for labelling"


def test_the_selected_samples_are_queued_in_the_order_of_the_selection(press, queued, dataset):
    ids = dataset.values("id")
    assert press(ids[5], ids[2]) == ("Queued 2 for labelling.", "success")
    assert queued == [ids[5], ids[2]]


def test_what_is_queued_already_is_said(press, queued, dataset):
    ids = dataset.values("id")
    press(ids[0])
    assert press(ids[0], ids[1])[0] == "Queued 1 for labelling. 1 was there already."
    assert press(ids[0])[0].startswith("Nothing to add")


def test_without_a_selection_a_small_view_is_queued(press, queued, dataset):
    view = dataset.skip(3).limit(4)
    assert press(view=view)[0] == "Queued 4 for labelling."
    assert queued == view.values("id")


def test_without_a_selection_a_large_view_is_not(press, queued, dataset, monkeypatch):
    monkeypatch.setattr(operators, "VIEW_LIMIT", 10)
    message, variant = press()
    assert variant == "warning"
    assert "holds 61 samples, more than 10: select the ones to queue" in message
    assert queued == []


def test_without_a_selection_an_empty_view_is_said_to_be_empty(press, queued, dataset):
    message, _ = press(view=dataset.match_tags("no-such-tag"))
    assert "empty" in message


def test_of_patches_the_samples_are_queued(press, queued, dataset):
    import fiftyone as fo

    sample = dataset.first()
    sample["objects"] = fo.Detections(
        detections=[fo.Detection(label=each, bounding_box=[0, 0, 1, 1]) for each in "ab"]
    )
    sample.save()
    try:
        patches = dataset.to_patches("objects")
        assert press(*patches.values("id"), view=patches)[0] == "Queued 1 for labelling."
        assert queued == [sample.id]
    finally:
        dataset.delete_sample_field("objects")


def test_without_a_live_session_the_person_is_told_what_to_do(press, dataset):
    message, variant = press(dataset.first().id)
    assert variant == "warning"
    assert "nothing labels 'app-tests' in this kernel" in message.lower()


def test_a_session_that_refuses_is_quoted(press, dataset):
    def refuse(_):
        raise LabelError("The queue is closed.")

    operators.register(dataset.name, refuse)
    try:
        assert press(dataset.first().id) == ("The queue is closed.", "warning")
    finally:
        operators.unregister(dataset.name, refuse)


def test_the_last_to_register_is_asked_and_only_it_can_leave():
    operators.register("d", first := lambda ids: 1)
    operators.register("d", second := lambda ids: 2)
    operators.unregister("d", first)
    assert operators.queue("d", ["x"]) == 2
    operators.unregister("d", second)
    with pytest.raises(AppError, match=r"wb\.open\('d'\)"):
        operators.queue("d", ["x"])


# How FiftyOne finds the plugin.


def names(**which):
    import fiftyone.plugins as plugins

    return [plugin.name for plugin in plugins.list_plugins(**which)]


def test_the_plugin_is_listed_once_beside_the_users_own(server, user_plugins):
    from workbench.app.plugin import PLUGIN, add_plugin

    add_plugin()
    mine = user_plugins / "mine"
    mine.mkdir()
    (mine / "fiftyone.yml").write_text("name: mine\noperators: [hello]\n")
    (mine / "__init__.py").write_text(
        "import fiftyone.operators as foo\n"
        "class Hello(foo.Operator):\n"
        "    config = foo.OperatorConfig(name='hello', label='Hello')\n"
        "def register(plugin):\n"
        "    plugin.register(Hello)\n"
    )
    import fiftyone.operators as foo

    assert sorted(names()) == sorted([PLUGIN, "mine"])
    assert names(shadowed=True) == []
    assert PLUGIN not in names(builtin=True)
    assert foo.operator_exists("mine/hello")
    assert foo.operator_exists(URI)


def test_the_plugin_can_be_disabled_like_any_other(server, tmp_path, monkeypatch):
    import fiftyone.plugins as plugins

    from workbench.app.plugin import PLUGIN

    monkeypatch.setenv("FIFTYONE_APP_CONFIG_PATH", str(tmp_path / "app_config.json"))
    plugins.disable_plugin(PLUGIN)
    assert PLUGIN not in names()
    plugins.enable_plugin(PLUGIN)
    assert PLUGIN in names()


@pytest.mark.parametrize("place", ["workbench/_extensions/fiftyone", "extensions/fiftyone"])
def test_the_plugin_is_found_in_a_wheel_and_in_a_checkout(tmp_path, monkeypatch, place):
    from workbench.app import plugin

    monkeypatch.setattr(plugin, "__file__", str(tmp_path / "workbench" / "app" / "plugin.py"))
    with pytest.raises(AppError, match="install workbench again"):
        plugin.plugin_folder()
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "fiftyone.yml").touch()
    assert plugin.plugin_folder() == tmp_path / place
