"""Who may change what is served: a guard for the admin calls."""

import hmac
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from api.settings import Settings

AnyConnection = ASGIConnection[Any, Any, Any, State]
KEY_HEADER = "X-API-Key"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def admin_only(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Let a call through that has the admin key, or without a configured key one from this very machine.

    Raises:
        NotAuthorizedException: if the key is missing or wrong.
        PermissionDeniedException: if no key is configured and the call may come from elsewhere.
    """
    settings: Settings = connection.app.state.settings
    if settings.admin_key:
        given = connection.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), settings.admin_key.encode()):
            raise NotAuthorizedException(f"this call needs the admin key in the header {KEY_HEADER}")
    elif not _is_local(connection):
        raise PermissionDeniedException("without RECIPE_API_ADMIN_KEY this call is only answered on this machine")


def _is_local(connection: AnyConnection) -> bool:
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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
