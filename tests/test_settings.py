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


def usual_place() -> Path:
    return Path(platformdirs.user_config_dir("connectord", appauthor=False)) / "config.toml"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "config.toml") == Settings()


def test_a_file_that_was_named_and_isnt_there_is_a_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONNECTORD_CONFIG", str(tmp_path / "x.toml"))
    with pytest.raises(SettingsError, match="there is no such file, and CONNECTORD_CONFIG names it") as caught:
        read_settings()
    assert caught.value.todo == (f"Correct CONNECTORD_CONFIG, or unset it to use {usual_place()}",)


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
    assert settings_path() == usual_place()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("settle_quite = 1\n", '1:1: "settle_quite" is not a setting; did you mean "settle_quiet"?'),
        ("\n# why\n  x = 1\n", '3:3: "x" is not a setting'),
        ("[zzz]\nremovals = 1\n", '1:1: "zzz" is not a setting'),
        ("sets_at_once = 0\n", '1:1: "sets_at_once" is 0, and must be greater than or equal to 1'),
        ("sets_at_once = 'many'\n", '1:1: "sets_at_once" is "many", and must be a whole number'),
        ("sets_at_once = 1.5\n", '1:1: "sets_at_once" is 1.5, and must be a whole number'),
        ("settle_cap = 2026-01-01\n", '1:1: "settle_cap" is "2026-01-01", and must be a number'),
        ("authorization_limit = nan\n", '1:1: "authorization_limit" is NaN, and must be less than or equal to 86400'),
        ("removals = 'all'\n", '1:1: "removals" is "all", and must be "tracked", "mirror", "ask" or "never"'),
        ("\n[projects.shop]\n", '2:1: projects."shop" must be the absolute path of a project\'s folder'),
        ("projects = 3\n", '1:1: "projects" is 3, and must be a table'),
        ("[projects]\n'/shop' = 3\n", '2:1: projects."/shop" is 3, and must be a table'),
        (
            "[projects.'/shop']\nremovls = 'ask'\n",
            '2:1: projects."/shop": "removls" is not a setting; did you mean "removals"?',
        ),
        (
            "[projects.'/shop']\nrescan_every = 9\n",
            '2:1: projects."/shop": "rescan_every" is for all projects, not for a single one',
        ),
        (
            "[projects.'/shop']\nremoval_grace = -1\n",
            '2:1: projects."/shop": "removal_grace" is -1, and must be greater than or equal to 0',
        ),
        ("notify_command = ''\n", '1:1: "notify_command": names no program'),
        ("notify_command = []\n", '1:1: "notify_command": names no program'),
        ("notify_command = 3\n", '1:1: "notify_command": must be a line or a list of words'),
        ('notify_command = "\'a"\n', '1:1: "notify_command": can\'t be split into words: No closing quotation'),
        ("quiet_hours = '22-7'\n", '1:1: "quiet_hours": "22-7" is no span of hours; write it as "22:00-07:00"'),
        ("quiet_hours = 22\n", '1:1: "quiet_hours": must be a span of hours as text, like "22:00-07:00"'),
        (
            "[projects.'/shop']\nnotify = 'log'\n",
            '2:1: projects."/shop": "notify" is for all projects, not for a single one',
        ),
        ("\nsets_at_once =\n", "2:15: not TOML: invalid value"),
        ("removals = ask\n", "1:12: not TOML: invalid value"),
        ("a = 1\na = 2\n", "2:6: not TOML: cannot overwrite a value"),
        ("notify_command = [\n  'a',\n", "3:1: not TOML: invalid value"),
        (b"removals = 'ask'\n# caf\xe9\n", "2:6: the settings are not UTF-8"),
    ],
)
def test_a_mistake_is_said_with_its_file_line_and_column(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert caught.value.what == f"{path}:{sentence}"
    assert len(caught.value.todo) == 1


def test_every_mistake_is_said_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "b = 1\r\nremovals = 1\r\na = 2\r\n[projects.'/x']\r\ny = 1\r\nz = 2\r\n")
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    sentences = (caught.value.what, *caught.value.details)
    assert [sentence.removeprefix(f"{path}:").split()[0] for sentence in sentences] == [
        "1:1:",
        "2:1:",
        "3:1:",
        "5:1:",
        "6:1:",
    ]


def test_a_mark_that_some_editors_begin_a_file_with_is_no_mistake(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, b"\xef\xbb\xbfremovals = 'ask'\n")).removals == "ask"


def test_p13_an_argument_of_a_command_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, "notify_command = ['notify', '--key', 'sekret', 3]\n"))
    assert "sekret" not in str((caught.value.what, caught.value.details, caught.value.todo))


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
