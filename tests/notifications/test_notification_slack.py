"""Sending over a real connection: what arrives, and that nothing Slack does comes back as an exception."""

import socket

import pytest
from slack_sdk import WebClient

from recipe_assets.notifications.message import Message
from recipe_assets.notifications.slack import post
from tests.notifications.slack_server import TOKEN, Slack, said

MESSAGE = Message("It failed", "shoot week-1", "no <room>", "http://ui/runs/1", "make room")


def client(slack: Slack, token: str = TOKEN) -> WebClient:
    return WebClient(token, base_url=slack.url)


def test_a_message_arrives_with_everything_in_it(slack: Slack) -> None:
    assert post(client(slack), "#studio", MESSAGE) is None
    [sent] = slack.posts
    assert sent["channel"] == "#studio"
    assert sent["text"] == "It failed"
    assert slack.texts == [
        "*It failed*\nshoot week-1\nno &lt;room&gt;\n*To do:* make room\n<http://ui/runs/1|Open in Dagster>"
    ]


def test_the_longest_message_is_taken(slack: Slack) -> None:
    assert post(client(slack), "#studio", MESSAGE._replace(details="&" * 10_000)) is None


@pytest.mark.parametrize(
    ("token", "channel", "told"),
    [("xoxb-wrong", "#studio", "RECIPE_SLACK_TOKEN"), (TOKEN, "studio", "RECIPE_SLACK_CHANNEL")],
)
def test_a_wrong_setting_is_named(slack: Slack, token: str, channel: str, told: str) -> None:
    assert told in str(post(client(slack, token), channel, MESSAGE))
    assert slack.requests == 1, "what is wrong stays wrong"


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"oops"),
        (200, {"Content-Type": "application/json"}, b'{"ok": tr'),
        (200, {"Content-Type": "application/json"}, b'["ok"]'),
        (200, {"Content-Type": "application/json"}, b"null"),
        (200, {"Content-Type": "text/html"}, b"<html>a proxy's page</html>"),
        (200, {"Content-Type": "application/json; charset=nonsense"}, b"{}"),
        (200, {"Content-Type": "application/json"}, b"\xff\xfe\x00"),
        (200, {"Content-Length": "900"}, b'{"ok": true'),
        (302, {"Location": "/elsewhere"}, b""),
        said(ok=False),
        said(ok=False, error={"a": 1}),
        said(ok=False, error="fatal_error"),
        (429, {"Retry-After": "3600"}, b"{}"),
        (429, {"Retry-After": "soon"}, b"{}"),
        (429, {}, b""),
    ],
)
def test_whatever_slack_answers_only_a_reason_comes_back(
    slack: Slack, answer: tuple[int, dict[str, str], bytes]
) -> None:
    slack.scripted = [answer] * 4
    reason = post(client(slack), "#studio", MESSAGE)
    assert reason is not None
    assert "\n" not in reason
    assert reason.startswith("Slack ")


def test_a_short_wait_that_slack_asks_for_is_kept_and_the_message_sent(slack: Slack) -> None:
    slack.scripted = [(429, {"Retry-After": "0"}, b'{"ok": false, "error": "ratelimited"}')]
    assert post(client(slack), "#studio", MESSAGE) is None
    assert (len(slack.posts), slack.requests) == (1, 2)


def test_a_slack_that_is_away_is_a_reason_too() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    reason = post(WebClient(TOKEN, base_url=f"http://127.0.0.1:{port}/api/"), "#studio", MESSAGE)
    assert "cannot be reached" in str(reason)
    assert "cannot be reached" in str(post(WebClient(TOKEN, base_url="ftp://slack/"), "#studio", MESSAGE))
