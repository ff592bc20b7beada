"""Why a run failed, in the words that its checks and steps left in the event log."""

from collections.abc import Iterable, Iterator

import dagster as dg


def reasons(events: Iterable[dg.DagsterEvent]) -> Iterator[str]:
    """A line for each check that blocked and each step that failed of itself."""
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            yield from _blocks(event)
        elif event.is_step_failure:
            yield from _failed(event)


def blocking_checks(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """A line for each check that blocked."""
    checks = (event for event in events if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return [line for event in checks for line in _blocks(event)]


def _blocks(event: dg.DagsterEvent) -> Iterator[str]:
    check = event.asset_check_evaluation_data
    if not check.passed and check.blocking and check.severity == dg.AssetCheckSeverity.ERROR:
        yield f"{check.asset_check_key.to_user_string()} blocks: {check.description}"


def _failed(event: dg.DagsterEvent) -> Iterator[str]:
    data = event.step_failure_data
    failure = data.user_failure_data
    if failure is not None and failure.description:
        yield f"{event.step_key}: {failure.description}"
    elif data.error is not None and "AssetCheck" not in data.error.message:
        yield f"{event.step_key}: {(data.error.cause or data.error).message.strip()}"
