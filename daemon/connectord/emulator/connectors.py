"""The routes of OAuth connectors: list, set, poll, remove and available (protocol.md, "Operations")."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import Response

from connectord.emulator.catalogue import CATALOGUE, Integration
from connectord.emulator.gate import Operation
from connectord.emulator.integrations import SetOutcome
from connectord.emulator.operations import OperationName
from connectord.emulator.replies import Call, error_reply, json_reply, parse_body
from connectord.emulator.state import Connection, ConnectionConfig

APP: Final = "/api/apps/{app_id}"

_TYPE: Final = re.compile(r"[a-z0-9_-]+", re.IGNORECASE)  # protocol.md, "Connector files"


class SetRequest(BaseModel):
    """The body of `set`."""

    model_config = ConfigDict(strict=True)

    scopes: list[str] = []
    connection_config: ConnectionConfig | None = None


def list_connectors(call: Call) -> Response:
    """GET external-auth/list"""
    return json_reply({"integrations": [_listed(one) for one in call.world.integrations.listed(call.app_id)]})


def set_connector(call: Call) -> Response:
    """PUT external-auth/integrations/{type}"""
    wanted = parse_body(SetRequest, call.body)
    outcome = call.world.integrations.put(
        call.app_id, call.type, wanted.scopes, wanted.connection_config, caller=call.caller
    )
    return json_reply(_set_reply(call, outcome))


def poll_connector(call: Call) -> Response:
    """GET external-auth/status?integration_type=&connection_id="""
    query = call.request.query_params
    if missing := [name for name in ("integration_type", "connection_id") if not query.get(name)]:
        return error_reply(f"Missing query parameter: {', '.join(missing)}", HTTPStatus.UNPROCESSABLE_ENTITY)
    return json_reply(
        {"status": call.world.integrations.poll(call.app_id, query["integration_type"], query["connection_id"])}
    )


def remove_connector(call: Call) -> Response:
    """DELETE external-auth/integrations/{type}/remove"""
    if not _TYPE.fullmatch(call.type):
        return error_reply(f"Invalid integration type: {call.type!r}", HTTPStatus.BAD_REQUEST)
    call.world.integrations.remove(call.app_id, call.type)
    return json_reply({"status": "removed", "integration_type": call.type})


def available(call: Call) -> Response:
    """GET external-auth/available-integrations"""
    del call
    return json_reply({"integrations": [_offered(one) for one in CATALOGUE.values()]})


OPERATIONS: Final = (
    Operation(OperationName.LIST, "GET", f"{APP}/external-auth/list", list_connectors),
    Operation(OperationName.SET, "PUT", f"{APP}/external-auth/integrations/{{type}}", set_connector),
    Operation(OperationName.POLL, "GET", f"{APP}/external-auth/status", poll_connector),
    Operation(OperationName.REMOVE, "DELETE", f"{APP}/external-auth/integrations/{{type}}/remove", remove_connector),
    Operation(OperationName.AVAILABLE, "GET", f"{APP}/external-auth/available-integrations", available),
)


def _listed(connection: Connection) -> dict[str, JsonValue]:
    entry: dict[str, JsonValue] = {
        "integration_type": connection.type,
        "status": connection.status,
        "scopes": list(connection.scopes),
    }
    # The CLI takes a missing address and refuses null.
    return entry if connection.user_email is None else {**entry, "user_email": connection.user_email}


def _set_reply(call: Call, outcome: SetOutcome) -> dict[str, JsonValue]:
    consent = outcome.consent
    return {
        "redirect_url": call.address(f"/api/external-auth/connect/{consent.link_token}") if consent else None,
        "connection_id": consent.connection_id if consent else None,
        "already_authorized": consent is None and outcome.error is None,
        "error": outcome.error,
        "error_message": outcome.error_message,
        "other_user_email": outcome.other_user_email,
    }


def _offered(integration: Integration) -> dict[str, JsonValue]:
    fields: list[JsonValue] = [
        {
            "name": field.name,
            "display_name": field.display_name,
            "description": field.description,
            "placeholder": field.placeholder,
            "required": field.required,
            "validation_pattern": f"^{field.pattern}$",
            "validation_error": field.pattern_error,
        }
        for field in integration.config_fields
    ]
    return {
        "integration_type": integration.type,
        "display_name": integration.display_name,
        "description": integration.description,
        "connection_config_fields": fields,
    }
