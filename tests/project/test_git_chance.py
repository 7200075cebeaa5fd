"""Whatever a person does with git, in whatever order: what git removed is never taken for a person's removal."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.support.git import Repository, a_repository

from connectord.project import Moved

BY_HAND = (
    "rm connectors/*.json",
    "rm connectors/github.json",
    "git rm -q connectors/slack.json",
    "git clean -q -f connectors",
    "git mv connectors/slack.json other.json",
)
WITHOUT_EFFECT = (
    "echo 5 > connectors/slack.json",
    "echo 6 > connectors/new.json",
    "git add .",
    "git tag -f v1",
    "git fetch -q origin",
    "git gc -q",
    "git status",
    "git branch -f kept",
)
COMMITTING = (
    "git commit -q -a -m x",
    "git commit -q --allow-empty -m y",
    "git commit -q --amend -m z",
    "git checkout -q -b $(date +%N)",
    "git branch -m $(date +%N)",
)
SWITCHING = (
    *(f"git checkout -q {where}" for where in ("main", "without", "ahead", "clash", "-", "-f main", "--detach ahead")),
    *(f"git merge -q --no-edit {how}" for how in ("ahead", "without", "clash", "--squash without", "--no-ff ahead")),
    *(f"git rebase -q {where}" for where in ("ahead", "without", "clash", "--autostash ahead")),
    *(f"git reset -q {where}" for where in ("--hard", "--hard main", "--hard HEAD~1", "--soft HEAD~1", "HEAD~1")),
    *(f"git stash {how}" for how in ("-q", "-q -u", "-q -u -- connectors", "pop", "apply", "drop")),
    *(f"git cherry-pick {what}" for what in ("without", "ahead", "-n without", "clash")),
    *(f"git {what} --{how}" for what in ("merge", "rebase", "cherry-pick", "revert") for how in ("abort", "continue")),
    "git revert --no-edit HEAD",
    "git revert -n HEAD",
    "git pull -q origin main",
    "git pull -q --rebase origin main",
    "git switch -q --orphan $(date +%N)",
    "git bisect start -q; git bisect bad; git bisect good HEAD~1",
    "git bisect reset",
    "git sparse-checkout set --no-cone /other",
    "git sparse-checkout disable",
    "git merge -q --squash without && git commit -q -m squashed",
)


def played(repository: Repository, script: str) -> None:
    """One step. It may fail (nothing to pop, a merge in progress), and must be taken rightly all the same."""
    before, files = repository.read(), repository.names
    done = repository.attempt(script)
    movement, now = repository.moved(before), repository.read()
    event(f"{script.split(' ')[1]}: {movement.moved}" if done else "failed")
    assert now.mark is not None
    assert now.mark.fault is None
    if script not in BY_HAND and files - repository.names:
        assert movement.moved is Moved.SWITCHED or now.busy, script
    if script in (*BY_HAND, *WITHOUT_EFFECT):
        assert movement.moved is Moved.NONE, (script, movement)
    if script in COMMITTING and before.busy is None and before.state.commit:  # no log tells where an unborn branch went
        assert movement.moved is not Moved.SWITCHED, (script, movement)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from((*BY_HAND, *WITHOUT_EFFECT, *COMMITTING, *SWITCHING, *SWITCHING)), max_size=12))
def test_what_git_removed_is_a_switch_or_git_is_busy(scripts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = a_repository(Path(folder) / "r")
        for script in scripts:
            played(repository, script)
