"""A config.toml that breaks costs nothing: neither the daemon that runs nor what is saved until it is mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.emulator import running_emulator
from tests.support.project import a_project
from tests.support.running import WITHIN, environment, running_daemon

GOOD = 'removals = "ask"\nremoval_grace = 0.1\n'
BROKEN = 'removals = "ask"\nremoval_grace = soon\n'


def test_settings_that_break_stop_no_daemon_and_lose_no_save(tmp_path: Path, a_home_of_its_own: Path) -> None:
    home, config = a_home_of_its_own, tmp_path / "config.toml"
    environ = {"CONNECTORD_CONFIG": str(config), "CONNECTORD_STATE_DIR": str(tmp_path / "state")}
    config.write_text(GOOD)
    with running_emulator() as base44:
        base44.sign_in(home)
        base44.connect("slack", ["chat:write", "users:read", "im:read"])
        project = a_project(tmp_path / "shop", {"slack": ["chat:write"]}, app_id=base44.app_id, api_url=base44.url)
        slack = project.root / "base44/connectors/slack.jsonc"
        with running_daemon(project.root, home, **environ) as daemon:
            daemon.expect(event="connector.outcome", type="slack", result="synced")
            config.write_text(BROKEN)
            slack.write_text('{type: "slack", scopes: ["chat:write", "users:read"]}')
            daemon.expect(event="connector.outcome", type="slack", result="synced")
            assert daemon.end() == 0

        slack.write_text('{type: "slack", scopes: ["chat:write", "im:read"]}')
        command = [sys.executable, "-m", "connectord", "run", str(project.root)]
        refused = subprocess.run(
            command, env=environment(home, **environ), capture_output=True, text=True, timeout=WITHIN, check=False
        )
        assert (refused.returncode, f"{config}:2:17: not TOML" in refused.stdout) == (2, True)

        config.write_text(GOOD)
        with running_daemon(project.root, home, **environ) as daemon:
            daemon.expect(event="connector.outcome", type="slack", result="synced")
            slack.unlink()
            daemon.expect(event="hold.began")
            assert daemon.end() == 0
        assert "im:read" in base44.connectors()["slack"]
