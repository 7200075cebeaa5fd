"""config.toml: all optional, and every mistake in it is said with the file and the key."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from tests.support import settings_page

from connectord.settings import Settings, SettingsError, read_settings, settings_path


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "config.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "config.toml") == Settings()


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "")) == Settings()


def test_the_documented_defaults() -> None:
    settings = Settings()
    assert (settings.authorization_limit, settings.authorization_poll, settings.sets_at_once) == (120.0, 2.0, 8)


def test_what_is_set_holds_and_whole_numbers_are_numbers(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "authorization_limit = 60\nsettle_quiet = 0.2\n"))
    assert (settings.authorization_limit, settings.settle_quiet) == (60.0, 0.2)


def test_the_place_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONNECTORD_CONFIG", str(tmp_path / "x.toml"))
    assert settings_path() == tmp_path / "x.toml"


def test_otherwise_it_is_the_platforms_place() -> None:
    assert settings_path() == Path(platformdirs.user_config_dir("connectord", appauthor=False)) / "config.toml"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("settle_quite = 1\n", '"settle_quite" is not a setting; did you mean "settle_quiet"?'),
        ("x = 1\n", '"x" is not a setting'),
        ("sets_at_once = 0\n", '"sets_at_once": input should be greater than or equal to 1'),
        ("sets_at_once = 'many'\n", '"sets_at_once": input should be a valid integer'),
        ("authorization_limit = nan\n", '"authorization_limit": input should be less than or equal to 86400'),
        ("sets_at_once =\n", "not TOML: Invalid value (at line 1, column 15)"),
        ("removals = 'all'\n", "\"removals\": input should be 'tracked', 'mirror', 'ask' or 'never'"),
        ("[projects.shop]\n", 'projects."shop" must be the absolute path of a project\'s folder'),
        ("[projects.'/shop']\nremovls = 'ask'\n", 'projects."/shop": "removls": is no setting of a single project'),
        (
            "[projects.'/shop']\nrescan_every = 9\n",
            'projects."/shop": "rescan_every": is no setting of a single project',
        ),
        (
            "[projects.'/shop']\nremoval_grace = -1\n",
            'projects."/shop": "removal_grace": input should be greater than or equal to 0',
        ),
        ("notify_command = ''\n", '"notify_command": names no program'),
        ("notify_command = []\n", '"notify_command": names no program'),
        ("notify_command = 3\n", '"notify_command": must be a line or a list of words'),
        ('notify_command = "\'a"\n', '"notify_command": can\'t be split into words: No closing quotation'),
        ("quiet_hours = '22-7'\n", '"quiet_hours": "22-7" is no span of hours; write it as "22:00-07:00"'),
        ("quiet_hours = 22\n", '"quiet_hours": must be a span of hours as text, like "22:00-07:00"'),
        ("[projects.'/shop']\nnotify = 'log'\n", 'projects."/shop": "notify": is no setting of a single project'),
        (b"\xff", "the settings are not UTF-8 (byte 0)"),
    ],
)
def test_a_mistake_is_said_with_its_file(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert caught.value.what == f"{path}: {sentence}"


def test_every_mistake_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, "a = 1\nb = 2\n"))
    assert len(caught.value.details) == 1


def test_a_directory_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(SettingsError, match="can't be read: Is a directory"):
        read_settings(tmp_path / "config.toml")


def test_the_table_of_the_docs_is_made_from_the_models() -> None:
    page = settings_page.PAGE.read_text(encoding="utf-8")
    assert page == settings_page.with_table(page), "make docs"


def test_the_table_says_default_limits_and_meaning_of_each_key() -> None:
    table = settings_page.table()
    assert (
        "| `removal_grace` | 10 | 0 to 3600 | yes | how long a connector file must be gone before its absence" in table
    )
    assert '| `removals` | "tracked" | "tracked", "mirror", "ask", "never" | yes | what becomes of' in table
    assert "| `authorization_limit` | 120 | over 0 to 86400 | no | how long an authorization link is watched |" in table
    rows = [line.split("|") for line in table.splitlines()[2:]]
    assert all(all(cell.strip() for cell in row[1:-1]) for row in rows)
    assert {row[1].strip(" `") for row in rows} == Settings.model_fields.keys() - {"projects"}


def test_a_project_may_have_settings_of_its_own_and_the_others_hold_for_it_too(tmp_path: Path) -> None:
    content = (
        f"removals = 'never'\nsettle_cap = 3\n[projects.'{tmp_path}/shop']\nremovals = 'ask'\nremoval_grace = 60\n"
    )
    settings = read_settings(written(tmp_path, content))
    shop, other = settings.of(tmp_path / "shop"), settings.of(tmp_path / "other")
    assert (shop.removals, shop.removal_grace, shop.settle_cap) == ("ask", 60.0, 3.0)
    assert (other.removals, other.removal_grace, other.settle_cap) == ("never", 10.0, 3.0)


def test_a_project_is_the_same_through_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    settings = read_settings(written(tmp_path, f"[projects.'{tmp_path}/link']\nremovals = 'ask'\n"))
    assert settings.of(tmp_path / "real").removals == "ask"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("\"notify-phone --to 'my phone'\"", ("notify-phone", "--to", "my phone")),
        ('["notify-phone", "$HOME"]', ("notify-phone", "$HOME")),
        ('"~/bin/phone x"', ("/home/ann/bin/phone", "x")),
    ],
)
def test_a_command_is_a_list_or_a_line_of_words_and_no_shell_is_asked(
    command: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert words == read_settings(written(tmp_path, f"notify_command = {command}\n")).notify_command


def test_a_project_may_be_told_of_less_than_the_others(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, '[projects."/shop"]\nnotify_level = "none"\n'))
    assert (settings.notify_level, settings.of(Path("/shop")).notify_level) == ("attention", "none")
