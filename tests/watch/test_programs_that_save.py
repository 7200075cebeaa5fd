"""P1: the ways to save once more, by programs in processes of their own. A hint comes once the new content is there."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from tests.support.project import a_connector, a_project
from tests.support.watch import Hints, at_rest, watched

from connectord.project import read_project

NEW = '{ "type": "slack", "scopes": ["chat:write", "channels:read"] }\n'

PROGRAMS = {
    "a shell": 'cat "$new" > "$file"',
    "truncated, filled 150 ms later": ': > "$file"; sleep 0.15; cat "$new" > "$file"',
    "slowly": 'head -c 9 "$new" > "$file"; sleep 0.03; tail -c +10 "$new" | head -c 9 >> "$file"; sleep 0.03; '
    'tail -c +19 "$new" >> "$file"',
    "written beside and renamed": 'cat "$new" > "$file.tmp"; mv "$file.tmp" "$file"',
    "vim, backup by renaming": 'touch 4913; rm 4913; mv "$file" "$file~"; cat "$new" > "$file"; rm "$file~"',
    "vim, backup by copying": 'cp "$file" "$file~"; cat "$new" > "$file"; rm "$file~"',
    "vim without a backup": 'touch .slack.jsonc.swp; cat "$new" > "$file"; rm .slack.jsonc.swp',
    "emacs, backup by renaming": 'ln -s a@b.1:2 ".#$file"; mv "$file" "$file~"; cat "$new" > "$file"; rm ".#$file"',
    "emacs, backup by copying": 'ln -s a@b.1:2 ".#$file"; cp -p "$file" "$file~"; cat "$new" > "$file"; rm ".#$file"',
    "a copy that keeps its time": 'touch -r "$file" "$new"; cp -p "$new" "$file"',
    "a move that keeps its time": 'cp "$new" ../copy; touch -r "$file" ../copy; mv ../copy "$file"',
    "a link over it": 'ln -sf "$new" "$file"',
    "the directory made again": 'cd ..; rm -r connectors; mkdir connectors; cat "$new" > "connectors/$file"',
    "the directory exchanged": 'cd ..; mkdir new; cat "$new" > "new/$file"; mv connectors old; mv new connectors',
}
GIT = {
    "a checkout": 'git checkout -q -b other; cat "$new" > "$file"; git commit -qam new; git checkout -q main; '
    "git checkout -q other",
    "a stash": 'cat "$new" > "$file"; git stash -q; git stash pop -q',
    "a reset": 'cat "$new" > "$file"; git commit -qam new; git reset -q --hard HEAD~1; git reset -q --hard HEAD@{1}',
}


async def run(script: str, folder: Path, new: Path) -> None:
    who = {f"GIT_{role}_{what}": "ada@x.test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = {
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "file": "slack.jsonc",
        "new": str(new),
        "HOME": "/nonexistent",
        **who,
    }
    await asyncio.to_thread(subprocess.run, ["sh", "-ec", script], cwd=folder, env=environ, check=True, timeout=30)


def content_of(file: Path) -> str:
    """What it says now; nothing where there is no file, as in the middle of a checkout."""
    try:
        return file.read_text()
    except OSError:
        return ""


async def what_is_read_at_hints(hints: Hints, file: Path, until: asyncio.Task[None]) -> str:
    """The new content, as soon as it is what was read at the last hint and the program has ended."""
    until.add_done_callback(lambda _: hints.arrived.set())
    hinted, content = len(hints.roots), ""
    while not until.done() or content != NEW:
        await hints.arrived.wait()
        hints.arrived.clear()
        if len(hints.roots) > hinted:
            hinted, content = len(hints.roots), content_of(file)
    return content


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
@pytest.mark.parametrize("script", (PROGRAMS | GIT).values(), ids=(PROGRAMS | GIT).keys())
async def test_p1_a_save_by_a_program_is_hinted_when_it_is_complete(
    script: str, polling: str | None, tmp_path: Path
) -> None:
    (tmp_path / "new").write_text(NEW)
    project = a_project(tmp_path / "app", {"slack": ["chat:write"]})
    if script in GIT.values():
        await run("git init -q -b main; git add .; git commit -qm old", project.root, tmp_path / "new")
    file = project.connectors_dir / "slack.jsonc"
    async with watched(project, polling=polling) as (watcher, hints):
        await at_rest(watcher)
        saving = asyncio.create_task(run(script, project.connectors_dir, tmp_path / "new"))
        assert await what_is_read_at_hints(hints, file, until=saving) == NEW
        await saving
        await at_rest(watcher)
        assert await hints.of(project.root, lambda: a_connector(project, "github", ["repo"]))


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
async def test_p1_a_worktree_of_git_is_a_project_like_any_other(polling: str | None, tmp_path: Path) -> None:
    """Another branch in a folder of its own, where `.git` is a file; it is checked out, removed and added again."""
    (tmp_path / "new").write_text(NEW)
    main, tree = a_project(tmp_path / "main", {"slack": ["chat:write"]}), tmp_path / "tree"

    async def git(script: str, folder: Path) -> None:
        await run(script, folder, tmp_path / "new")

    await git("git init -q -b main; git add .; git commit -qm old; git worktree add -q -b other ../tree", main.root)
    file = tree / "base44" / "connectors" / "slack.jsonc"
    async with watched(main, read_project(tree, {}), polling=polling) as (watcher, hints):
        await at_rest(watcher)
        before = len(hints.roots)
        changing = git('cat "$new" > base44/connectors/slack.jsonc; git commit -qam new; git checkout -q HEAD~1', tree)
        await asyncio.gather(changing, hints.until(lambda: content_of(file) not in (NEW, "")))
        await asyncio.gather(git("git checkout -q other", tree), hints.until(lambda: content_of(file) == NEW))
        assert set(hints.roots[before:]) == {tree}
        await asyncio.gather(git("git worktree remove ../tree", main.root), hints.until(lambda: not tree.exists()))
        await asyncio.gather(git("git worktree add -q ../tree other", main.root), hints.until(file.exists))
        assert await hints.of(tree, lambda: file.write_text("{}"))
