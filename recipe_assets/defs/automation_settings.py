"""What automation and notifications are set to, as resources; `resources` wires them with all others."""

import logging
import os
from typing import Literal, get_args

import dagster as dg
from dagster_slack import SlackResource

from recipe_assets.errors import SettingsError
from recipe_assets.notifications.message import Message
from recipe_assets.notifications.news import Pages
from recipe_assets.notifications.slack import post

RETRAIN_AFTER = 200
"""New labelled photos that are worth a training before the weekly one: ten recipes of a large shoot."""
OnRelease = Literal["show", "write", "leave"]


class AutomationResource(dg.ConfigurableResource[None]):
    """When a training is requested, and what becomes of the outbox when a newer release is out."""

    retrain_after: int = RETRAIN_AFTER
    on_release: str = "show"


class NotificationsResource(dg.ConfigurableResource[None]):
    """Where people are told, besides the log: a Slack channel, and the address of the UI that messages link to."""

    slack: dg.ResourceDependency[SlackResource]
    channel: str
    ui_url: str
    slack_api: str

    @property
    def pages(self) -> Pages:
        """The UI's pages."""
        return Pages(self.ui_url)

    def tell(self, log: logging.Logger, message: Message) -> None:
        """Write the message to the log, and send it where Slack is set up; never fails."""
        (log.warning if message.warns else log.info)(message.line)
        if not (self.slack.token and self.channel):
            return
        client = self.slack.get_client()
        client.base_url = self.slack_api
        if problem := post(client, self.channel, message):
            log.warning(f"{problem}; the message before this one is in the log alone")


def wire_automation() -> dict[str, object]:
    """The resources from the environment.

    Raises:
        SettingsError: if a value cannot be used.
    """
    # By its name, so that the UI's page of resources does not show the secret.
    token = dg.EnvVar("RECIPE_SLACK_TOKEN") if os.environ.get("RECIPE_SLACK_TOKEN") else ""
    port = os.environ.get("RECIPE_UI_PORT") or "3000"
    return {
        "automation": AutomationResource(retrain_after=_retrain_after(), on_release=_on_release()),
        "notifications": NotificationsResource(
            slack=SlackResource(token=token),
            channel=os.environ.get("RECIPE_SLACK_CHANNEL", ""),
            ui_url=os.environ.get("RECIPE_UI_URL") or f"http://localhost:{port}",
            # Some companies' workspaces live elsewhere: GovSlack, or a proxy.
            slack_api=(os.environ.get("RECIPE_SLACK_API") or "https://slack.com/api").rstrip("/") + "/",
        ),
    }


def _retrain_after() -> int:
    value = os.environ.get("RECIPE_RETRAIN_AFTER") or str(RETRAIN_AFTER)
    if not value.isdecimal() or int(value) < 1:
        raise SettingsError(f"RECIPE_RETRAIN_AFTER is '{value}': set it to a number of photos, 1 or more")
    return int(value)


def _on_release() -> str:
    value = os.environ.get("RECIPE_OUTBOX_ON_RELEASE") or "show"
    if value not in get_args(OnRelease):
        raise SettingsError(
            f"RECIPE_OUTBOX_ON_RELEASE is '{value}': set it to show (what would change), write or leave"
        )
    return value
