"""The connector types that the emulated Base44 offers, and what each service does to the scopes asked for.

The types are protocol.md's ("Types"). The scope rules are this emulator's own, made so that a client meets what
the real service does: scopes that its OAuth app doesn't allow are dropped, those it always needs are added, and
nobody is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connectord.emulator.state import ConnectionConfig

DROPPED_WORD: Final = "restricted"
"""A scope with this word in it is one that the service's OAuth app doesn't allow."""

_GOOGLE_NEEDS: Final = ("openid", "https://www.googleapis.com/auth/userinfo.email")
_MICROSOFT_NEEDS: Final = ("offline_access",)


@dataclass(frozen=True, slots=True)
class ConfigField:
    """A value that a type wants in `connection_config`."""

    name: str
    display_name: str
    description: str
    placeholder: str
    pattern: str
    pattern_error: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Integration:
    """One connector type of the catalogue."""

    type: str
    display_name: str
    always_added: tuple[str, ...] = ()
    config_fields: tuple[ConfigField, ...] = ()

    @property
    def description(self) -> str:
        """One sentence for `available`."""
        return f"Connect your app to {self.display_name}"

    def granted(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """What the service makes of the scopes asked for: each once, in their order, its own at the end."""
        allowed = [scope for scope in scopes if DROPPED_WORD not in scope]
        return tuple(dict.fromkeys([*allowed, *self.always_added]))

    def config_error(self, config: ConnectionConfig | None) -> str | None:
        """What is wrong with a `connection_config`, in a sentence, or None."""
        given = config or {}
        for wanted in self.config_fields:
            value = given.get(wanted.name)
            if value is None and wanted.required:
                return f"{self.display_name} needs connection_config.{wanted.name}"
            if value is not None and not (isinstance(value, str) and re.fullmatch(wanted.pattern, value)):
                return wanted.pattern_error
        return None


def _plain(names: str) -> list[Integration]:
    pairs = (entry.split("=", 1) for entry in names.split(", "))
    return [Integration(type_, display_name) for type_, display_name in pairs]


def _google(names: str) -> list[Integration]:
    return [Integration(entry.type, entry.display_name, _GOOGLE_NEEDS) for entry in _plain(names)]


def _microsoft(names: str) -> list[Integration]:
    return [Integration(entry.type, entry.display_name, _MICROSOFT_NEEDS) for entry in _plain(names)]


_SHARE_POINT = Integration(
    "share_point",
    "SharePoint",
    _MICROSOFT_NEEDS,
    (
        ConfigField(
            name="subdomain",
            display_name="Subdomain",
            description="The part of your SharePoint address before .sharepoint.com",
            placeholder="contoso",
            pattern="[a-zA-Z0-9/_-]+",
            pattern_error="Subdomain may contain letters, digits, slashes, dashes and underscores only",
        ),
    ),
)

_ALL = [
    *_plain("airtable=Airtable, bamboohr=BambooHR, box=Box, calendly=Calendly, clickup=ClickUp"),
    *_plain("contentful=Contentful, databricks=Databricks, discord=Discord, dropbox=Dropbox, github=GitHub"),
    *_plain("gitlab=GitLab, hubspot=HubSpot, hugging_face=Hugging Face, instagram=Instagram Business, linear=Linear"),
    *_plain("linkedin=LinkedIn, notion=Notion, quickbooks=QuickBooks, salesforce=Salesforce, slack=Slack User"),
    *_plain("slackbot=Slack Bot, snowflake=Snowflake, splitwise=Splitwise, square=Square, supabase=Supabase"),
    *_plain("tiktok=TikTok, typeform=Typeform, wix=Wix, wrike=Wrike"),
    *_google("gmail=Gmail, google_analytics=Google Analytics, google_classroom=Google Classroom"),
    *_google("google_search_console=Google Search Console, googleads=Google Ads, googlebigquery=Google BigQuery"),
    *_google("googlecalendar=Google Calendar, googledocs=Google Docs, googledrive=Google Drive"),
    *_google("googlemeet=Google Meet, googlesheets=Google Sheets, googleslides=Google Slides"),
    *_google("googletasks=Google Tasks"),
    *_microsoft("microsoft_teams=Microsoft Teams, one_drive=Microsoft OneDrive, outlook=Outlook"),
    _SHARE_POINT,
]

CATALOGUE: Final[dict[str, Integration]] = {entry.type: entry for entry in sorted(_ALL, key=lambda entry: entry.type)}
"""Type -> what it is, sorted by type. `stripe` isn't here: it goes through routes of its own."""
