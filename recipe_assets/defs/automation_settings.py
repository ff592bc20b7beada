"""What automation and notifications are set to, as resources; `resources` wires them with all others."""

import logging
import os

import dagster as dg
from dagster_slack import SlackResource

from recipe_assets.graph_settings import RETRAIN_AFTER, on_release, retrain_after
from recipe_assets.notifications.message import Message
from recipe_assets.notifications.news import Pages
from recipe_assets.notifications.slack import post


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
        "automation": AutomationResource(
            retrain_after=retrain_after(os.environ), on_release=on_release(os.environ)
        ),
        "notifications": NotificationsResource(
            slack=SlackResource(token=token),
            channel=os.environ.get("RECIPE_SLACK_CHANNEL", ""),
            ui_url=os.environ.get("RECIPE_UI_URL") or f"http://localhost:{port}",
            # Some companies' workspaces live elsewhere: GovSlack, or a proxy.
            slack_api=(os.environ.get("RECIPE_SLACK_API") or "https://slack.com/api").rstrip("/") + "/",
        ),
    }
