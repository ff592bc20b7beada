"""The shadow in the whole API: a share of what clients send is answered by the candidate, too, and logged."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Running, Studio, until
from tests.api.recorded import logged
from tests.release import factory


@pytest.mark.parametrize("share", [0, 1])
def test_photos_over_http_reach_the_candidate_by_the_share_of_the_settings(
    share: int, studio: Studio, serve: Callable[..., Running]
) -> None:
    first = studio.publish(1)
    running = serve(shadow_share=share, prediction_log=True)
    running.wait_for(first.release_id)
    folder = studio.folder / "built-2"
    manifest = factory.build(folder, 2, bias=-3)
    studio.store.propose(folder, manifest, first.release_id)

    def rows(kind: str) -> list[str | None]:
        found = [row for row in logged(studio.folder / "cache" / "predictions") if row.kind == kind]
        return [row.candidate_release_id for row in found]

    def ask() -> bool:
        assert running.client.post("/api/v1/predict", content=factory.photo("gray")).status_code == 200
        return bool(rows("shadow" if share else "prediction"))

    until(ask)
    assert set(rows("shadow")) == ({manifest.release_id} if share else set())


def test_health_says_when_a_bad_release_is_tried_again(studio: Studio, serve: Callable[..., Running]) -> None:
    studio.break_release(studio.publish(1))
    running = serve()
    until(lambda: running.health()["next_try_at"] is not None)
    running.wait_for(studio.publish(2).release_id)
    assert running.health()["next_try_at"] is None
