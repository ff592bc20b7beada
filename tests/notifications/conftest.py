"""A Slack of our own."""

from collections.abc import Iterator

import pytest

from tests.notifications.slack_server import Slack, running_slack


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running_slack() as server:
        yield server
