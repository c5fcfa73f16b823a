"""How FiftyOne finds the plugin, in a wheel and in a checkout."""

import pytest

from workbench.errors import AppError

URI = "@workbench/flywheel/queue_selected"


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
