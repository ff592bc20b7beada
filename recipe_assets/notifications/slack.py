"""Sending a message to a Slack channel. Whatever Slack answers, nothing but a reason comes back from here.

The words are `message`'s subject.
"""

from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RateLimitErrorRetryHandler, RetryState

from recipe_assets.notifications.message import Message

TIMEOUT_SECONDS = 10
"""A sensor has a minute in all, and Slack is the least of its work."""
LONGEST_WAIT_SECONDS = 15
"""Slack may ask to come back later than this; then the message is in the log alone."""
_CURES = {
    "invalid_auth": "RECIPE_SLACK_TOKEN is no token of this workspace: set a bot token (xoxb-...)",
    "not_authed": "RECIPE_SLACK_TOKEN is empty: set a bot token (xoxb-...)",
    "account_inactive": "the bot of RECIPE_SLACK_TOKEN was removed: install its app again",
    "token_revoked": "RECIPE_SLACK_TOKEN was revoked: install its app again",
    "missing_scope": "the bot of RECIPE_SLACK_TOKEN lacks the scope chat:write: add it to its app",
    "channel_not_found": "RECIPE_SLACK_CHANNEL is no channel that the bot sees: check it, and invite the bot",
    "not_in_channel": "the bot is not in RECIPE_SLACK_CHANNEL: invite it there",
    "is_archived": "RECIPE_SLACK_CHANNEL is archived: name another one",
}
"""Slack's own names of errors that a person can mend."""
_FAILURES = (SlackClientError, OSError, HTTPException, ValueError, LookupError, AttributeError, TypeError)
"""The client lets through what urllib, ssl and http raise, and stumbles over answers that are no JSON object."""


def post(client: WebClient, channel: str, message: Message) -> str | None:
    """Send a message; returns None when Slack has it, or why not, in one line.

    One further try where Slack asks for a short wait or the connection breaks; a wrong token stays wrong.
    """
    client.timeout = TIMEOUT_SECONDS
    client.retry_handlers = [*client.retry_handlers, _ShortWait(max_retry_count=1)]
    section = {"type": "section", "text": {"type": "mrkdwn", "text": message.slack_text}}
    try:
        client.chat_postMessage(
            channel=channel, text=message.what, blocks=[section], unfurl_links=False, unfurl_media=False
        )
    except SlackApiError as error:
        return f"Slack refuses the message ({_reason(error)})"
    except _FAILURES as error:
        return f"Slack cannot be reached ({type(error).__name__}: {' '.join(str(error).split())})"
    return None


def _reason(error: SlackApiError) -> str:
    answer = error.response
    code = str(answer.get("error") or "") if hasattr(answer, "get") and isinstance(answer.data, dict) else ""
    return _CURES.get(code) or code or f"status {getattr(answer, 'status_code', 'unknown')}"


class _ShortWait(RateLimitErrorRetryHandler):
    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        waits = (response.headers or {}).get("Retry-After") or (response.headers or {}).get("retry-after")
        seconds = str(waits[0] if isinstance(waits, list) else waits)
        return seconds.isdigit() and int(seconds) <= LONGEST_WAIT_SECONDS
