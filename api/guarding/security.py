"""Who may call what: the guards of the API, and the refusal to stand open on a network by accident.

The keys themselves are `keys`' subject, how often they may call is `limits`'.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from api.guarding.keys import ADMIN, KeyRing
from api.monitoring.observing import CLIENT
from api.settings import Settings
from recipe_assets.errors import SettingsError

AnyConnection = ASGIConnection[Any, Any, Any, State]
KEY_HEADER = "X-API-Key"
OPEN = {"needs_key": "never"}
"""The `opt` of a route that anybody may call: health, pages, documentation."""
OPEN_HERE = {"needs_key": "elsewhere"}
"""The `opt` of a route that this very machine may call without a key: metrics."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


async def known_client(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Let a call through that has one of the keys, and note whose it is; without configured keys, let all through.

    It guards every route that is not marked `OPEN`.

    Raises:
        NotAuthorizedException: if a key is needed and missing, or a wrong one is given.
    """
    keys: KeyRing = connection.app.state.key_ring
    secret = given_secret(connection)
    name = keys.name_of(secret) if secret else None
    CLIENT.set(name)
    rule = handler.opt.get("needs_key")
    if name or not keys.required or rule == "never" or (rule == "elsewhere" and is_local(connection)):
        return
    raise NotAuthorizedException(
        f"the key in the header {KEY_HEADER} is unknown"
        if secret
        else f"this call needs a key in the header {KEY_HEADER}",
        headers=_CHALLENGE,
    )


async def admin_only(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Let a call through that has the admin key, or without a configured one a call from this very machine.

    Raises:
        NotAuthorizedException: if the key is missing or wrong.
        PermissionDeniedException: if no key is configured and the call may come from elsewhere.
    """
    settings: Settings = connection.app.state.settings
    if settings.admin_key:
        keys: KeyRing = connection.app.state.key_ring
        if keys.name_of(given_secret(connection)) != ADMIN:
            raise NotAuthorizedException(
                f"this call needs the admin key in the header {KEY_HEADER}", headers=_CHALLENGE
            )
    elif not is_local(connection):
        raise PermissionDeniedException("without RECIPE_API_ADMIN_KEY this call is only answered on this machine")


def given_secret(connection: AnyConnection) -> str:
    """The key of a call: the header `X-API-Key`, else `Authorization: Bearer`; empty without either."""
    if secret := connection.headers.get(KEY_HEADER):
        return secret
    scheme, _, secret = connection.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def is_local(connection: AnyConnection) -> bool:
    """Whether a call surely comes from a program on this machine that acts for itself."""
    # A proxy on this machine would make everybody local, and a page in this machine's browser acts for a stranger:
    # hence no forwarded call, no foreign Host (rebinding), no foreign Origin (a form that posts here).
    if any(name in connection.headers for name in _FORWARDED):
        return False
    host = connection.headers.get("host", "")
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return False
    client = connection.client.host if connection.client else ""
    return _is_loopback(client) and _is_loopback(urlsplit(f"//{host}").hostname or "")


def refuse_exposure(settings: Settings, address: str) -> None:
    """Make sure that an API which others can reach has keys, or was opened on purpose.

    Args:
        settings: for the keys, and whether it was opened.
        address: the IP address that it is about to listen on.

    Raises:
        SettingsError: if that is not loopback and no caller needs a key.
    """
    if settings.open or KeyRing.of(settings).required or _is_loopback(address):
        return
    raise SettingsError(
        f"RECIPE_API_HOST={settings.host} would open this API to everybody who can reach it: set RECIPE_API_KEYS "
        "to name=secret for each caller, or RECIPE_API_OPEN=on if that is what you want"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
