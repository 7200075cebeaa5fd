"""What a pull would write and delete: a pure function of files and remote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from connectord.base44.models import ConnectionStatus, RemoteConnector, StripeMode, StripeStatus
from connectord.cli.pull_plan import LeftAlone, PullPlan, plan_pull
from connectord.project import Connector, DirectoryState, Snapshot
from connectord.sync import Remote

HERE = Path("/project/base44/connectors")
NO_STRIPE = StripeStatus(stripe_mode=None)
STRIPE = StripeStatus(stripe_mode=StripeMode.SANDBOX)


def remote(
    scopes: Mapping[str, Sequence[str]],
    status: ConnectionStatus = ConnectionStatus.ACTIVE,
    stripe: StripeStatus = NO_STRIPE,
) -> Remote:
    return Remote(
        tuple(RemoteConnector(type=name, status=status, scopes=tuple(some)) for name, some in scopes.items()), stripe
    )


def pulled(
    local: Mapping[str, Sequence[str]],
    there: Remote,
    *,
    files: Mapping[str, str] | None = None,
    names: Sequence[str] = (),
) -> PullPlan:
    texts = {
        HERE / f"{name}.jsonc": (files or {}).get(
            name, f'{{"type": "{name}", "scopes": {list(scopes)}}}'.replace("'", '"')
        )
        for name, scopes in local.items()
    }
    connectors = tuple(Connector(name, tuple(scopes), file=HERE / f"{name}.jsonc") for name, scopes in local.items())
    snapshot = Snapshot(HERE, DirectoryState.PRESENT, connectors)
    return plan_pull(
        snapshot, there, names_taken=[*(path.name for path in texts), *names], read_text=lambda path: texts[path]
    )


def test_a_connector_without_a_file_gets_one() -> None:
    (written,) = pulled({}, remote({"slack": ["chat:write"]})).writes
    assert written.path == HERE / "slack.jsonc"
    assert written.text_before is None
    assert '"type": "slack"' in written.text
    assert '"chat:write"' in written.text


def test_a_file_that_agrees_is_not_touched_whatever_the_order_of_its_scopes() -> None:
    assert pulled({"slack": ["a", "b"]}, remote({"slack": ["b", "a"]})) == PullPlan(pulled=1)


def test_a_file_that_differs_keeps_its_comments_and_unknown_keys() -> None:
    before = '// mine\n{\n  "type": "slack", "team": 7,\n  "scopes": ["a" /* needed */]\n}\n'
    (written,) = pulled({"slack": ["a"]}, remote({"slack": ["a", "b"]}), files={"slack": before}).writes
    assert written.text_before == before
    assert written.text.startswith('// mine\n{\n  "type": "slack", "team": 7,\n')
    assert "/* needed */" in written.text
    assert '"b"' in written.text


def test_a_file_whose_connector_is_not_on_base44_is_to_be_deleted() -> None:
    plan = pulled({"slack": [], "gmail": []}, remote({"slack": []}))
    assert [one.type for one in plan.deletions] == ["gmail"]
    assert plan.writes == ()


@pytest.mark.parametrize("status", [ConnectionStatus.DISCONNECTED, ConnectionStatus.EXPIRED])
def test_defect_07_a_connector_that_is_not_live_is_neither_written_nor_deleted(status: ConnectionStatus) -> None:
    plan = pulled({"slack": ["mine"]}, remote({"slack": ["theirs"], "gmail": ["x"]}, status))
    assert (plan.writes, plan.deletions, plan.pulled) == ((), (), 0)
    assert [one.type for one in plan.left_alone] == ["slack", "gmail"]
    assert f"it is {status} on Base44" in plan.left_alone[0].reason


def test_stripe_comes_as_a_file_of_its_own() -> None:
    (written,) = pulled({}, remote({}, stripe=STRIPE)).writes
    assert written.path.name == "stripe.jsonc"


def test_an_installed_stripe_keeps_its_file_as_it_is() -> None:
    assert pulled({"stripe": ["whatever"]}, remote({}, stripe=STRIPE)) == PullPlan(pulled=1)


def test_a_stripe_file_without_stripe_is_to_be_deleted() -> None:
    assert [one.type for one in pulled({"stripe": []}, remote({})).deletions] == ["stripe"]


def test_stripe_in_the_list_is_no_oauth_connector() -> None:
    plan = pulled({}, remote({"stripe": ["x"]}, stripe=STRIPE))
    assert [file.type for file in plan.writes] == ["stripe"]
    assert plan.pulled == 1


@pytest.mark.parametrize("taken", ["slack.jsonc", "SLACK.JSONC"])
def test_a_name_that_is_taken_is_never_overwritten(taken: str) -> None:
    (written,) = pulled({}, remote({"slack": []}), names=[taken, "slack-2.jsonc"]).writes
    assert written.path == HERE / "slack-3.jsonc"


@pytest.mark.parametrize("name", ["../evil", "a/b", "a b", "..", "slack.json", "slack\n", "ünïcode"])
def test_a_type_that_is_no_file_name_is_refused(name: str) -> None:
    plan = pulled({}, remote({name: []}))
    assert plan.writes == ()
    assert plan.left_alone == (LeftAlone(name, "its type can't be a file's name", refused=True),)
