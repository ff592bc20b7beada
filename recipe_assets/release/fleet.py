"""Ask running APIs to take a new release, and make sure that they serve it."""

import time

import httpx

from recipe_assets.errors import ReleaseError

BASE_PATH = "/api/v1"


def confirm_served(url: str, release_id: str, admin_key: str = "", timeout: float = 60) -> float:
    """Ask one API to reload, wait until it serves the release, and return the seconds that took.

    Args:
        url: the API's address, without the base path.
        release_id: the release that it must serve.
        admin_key: sent as `X-API-Key`.
        timeout: seconds until this counts as failed.

    Raises:
        ReleaseError: if the API cannot be reached, refuses, or keeps serving something else.
    """
    start = time.monotonic()
    headers = {"X-API-Key": admin_key} if admin_key else {}
    with httpx.Client(base_url=url.rstrip("/") + BASE_PATH, timeout=timeout, trust_env=False) as client:
        try:
            answer = client.post("/model/reload", headers=headers)
            if answer.status_code in (401, 403):
                raise ReleaseError(
                    f"the API at {url} refuses to reload: set RECIPE_API_ADMIN_KEY to its admin key"
                )
            served = _served_release(client)
            while served != release_id and time.monotonic() - start < timeout:
                time.sleep(0.5)
                served = _served_release(client)
        except httpx.HTTPError as error:
            raise ReleaseError(
                f"the API at {url} does not answer ({type(error).__name__}): start it, "
                "or take it out of RECIPE_API_URLS"
            ) from error
    if served != release_id:
        raise ReleaseError(
            f"the API at {url} serves {served or 'nothing'}, not {release_id}: see its /health and log"
        )
    return time.monotonic() - start


def _served_release(client: httpx.Client) -> str | None:
    served: str | None = client.get("/health").headers.get("X-Model-Release")
    return served
