"""What the local API can ask about consents (control/face.py), answered by the engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from connectord.authorize import Authorization
from connectord.browser import is_web_link
from connectord.control.consent_models import Consent, ConsentState, LinkToWatch
from connectord.daemon.engine import Engine
from connectord.daemon.fresh_link import NotAuthorizable
from connectord.daemon.surroundings import Surroundings
from connectord.project import Connector
from connectord.store import OPEN, AuthorizationRow


class ConsentAnswers:
    """The engine's consents as clients see them. It implements control.face.ConsentFace."""

    def __init__(self, engine: Engine, surroundings: Surroundings) -> None:
        self._engine = engine
        self._in = surroundings

    async def link(self, root: Path, connector_type: str) -> Consent:
        """A link whose time begins now. The caller opens it."""
        given = await self._engine.links.get(root, connector_type)
        return Consent(type=connector_type, state=ConsentState.AUTHORIZED) if given is None else self._shown(given)

    async def ended(self, root: Path, connector_type: str, *, timeout: float) -> Consent:
        """Wait for the end."""
        project = self._engine.links.project(root)
        try:
            async with asyncio.timeout(timeout):
                return self._shown(await self._engine.consents.settled(project, connector_type))
        except TimeoutError:
            still_open = self._engine.consents.open_one(project, connector_type)
            if still_open is None:  # it ended in the very moment in which the time was up
                return self._shown(await self._engine.consents.settled(project, connector_type))
            return self._shown(still_open)
        except KeyError:
            raise NotAuthorizable(f"Nobody waits for an authorization of {connector_type} in {root}.") from None

    def skip(self, root: Path, connector_type: str) -> None:
        """A person's word that it can wait."""
        if not self._engine.skip(root, connector_type):
            raise NotAuthorizable(
                f"{connector_type} in {root} has no link that waits for you, so there is nothing to skip.",
                todo=(f"See how it stands with: connectord status {root}",),
            )

    def watch(self, root: Path, link: LinkToWatch) -> Consent:
        """Take over a link, unless one is open for the same already."""
        project = self._engine.links.project(root)
        if (link.app_id, link.api_url) != (project.app_id, project.api_url):
            raise NotAuthorizable(f"{root} is linked to app {project.app_id} at {project.api_url} here.")
        if not is_web_link(link.url):
            raise NotAuthorizable("That link is no web address.")
        row = AuthorizationRow(
            project=root,
            type=link.type,
            url=link.url,
            connection_id=link.connection_id,
            scopes=link.scopes,
            opened_at=self._in.now(),
            deadline=self._in.now(),
            state=OPEN,
            noticed=True,
            app_id=link.app_id,
            api_url=link.api_url,
        )
        content = Connector(link.type, link.scopes, link.connection_config)
        return self._shown(self._engine.adopt(project, row, content))

    def _shown(self, authorization: Authorization) -> Consent:
        left = authorization.deadline - self._in.clock()
        return Consent(
            type=authorization.type,
            state=ConsentState(authorization.state.value),
            url=authorization.url,
            connection_id=authorization.connection_id,
            scopes=authorization.scopes,
            granted=authorization.granted,
            user_email=authorization.user_email,
            seconds_left=max(0.0, left) if authorization.is_open else None,
        )
