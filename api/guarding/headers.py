"""The headers that tell browsers what they may do with our answers: content security, framing, other origins.

Headers that carry facts about an answer (its release, its keyword) belong to the routes that know them.
"""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from litestar import Response
from litestar.config.cors import CORSConfig
from litestar.types.asgi_types import RawHeadersList

from api.settings import Settings
from recipe_assets.errors import SettingsError

EXPOSED = (
    "Content-Disposition",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Confidence",
    "X-Image-Data-Unchanged",
    "X-Keyword",
    "X-Keyword-Written",
    "X-Model-Release",
    "X-Needs-Review",
    "X-Pipeline",
    "X-Request-ID",
)
"""What scripts of other origins may read of an answer, beside what they always may."""

POLICY = "Content-Security-Policy"
_PAGE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_OTHER_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NOT_KEPT = (b"cache-control", b"no-store")
_EVERYWHERE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_API = "/api/"
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:]+\]")
_INLINE = re.compile(rb"<(script|style)(?=[\s>])(?![^>]*\ssrc=)[^>]*>(.*?)</\1>", re.DOTALL)


def page_policy(page: bytes = b"") -> str:
    """The Content-Security-Policy of a page: what this API serves, and the page's own inline scripts and styles.

    Args:
        page: the HTML; each inline script and style in it is allowed by its hash (CSP level 2).
    """
    rules = dict(_PAGE)
    for kind, content in _INLINE.findall(page):
        rules[f"{kind.decode()}-src"] += f" 'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


_PAGE_POLICY = (POLICY.lower().encode(), page_policy().encode())


async def allow_inline(response: Response[Any]) -> Response[Any]:
    """Litestar's hook `after_request`: give a page that was made here the policy that fits its inline scripts."""
    # Files are sent by a response of another class; their pages have nothing inline.
    if isinstance(response, Response) and (response.media_type or "").startswith("text/html"):
        response.headers.setdefault(POLICY, page_policy(bytes(response.content)))
    return response


def secure(headers: RawHeadersList, path: str) -> None:
    """Put on an answer what every answer carries, unless the route set it already.

    Args:
        headers: the answer's, as ASGI has them; this is done for each request, so no nicer type is made of them.
        path: of the request.
    """
    present = dict(headers)
    policy = _PAGE_POLICY if present.get(b"content-type", b"").startswith(b"text/html") else _OTHER_POLICY
    kept = (_NOT_KEPT,) if path.startswith(_API) else ()
    headers.extend(pair for pair in (*_EVERYWHERE, policy, *kept) if pair[0] not in present)


def cross_origin(settings: Settings) -> CORSConfig | None:
    """Which pages of other origins may call the API; None if none may. Cookies are never sent.

    Raises:
        SettingsError: if a setting is not a list of origins.
    """
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    for origin in origins:
        if origin != "*" and not _is_origin(origin):
            raise SettingsError(
                f"RECIPE_API_CORS_ORIGINS cannot be used: '{origin}' is neither * nor an origin like "
                "https://studio.example:8443 (scheme and host, a port if it is unusual, nothing behind)"
            )
    return CORSConfig(allow_origins=origins, expose_headers=list(EXPOSED)) if origins else None


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return _HOST.fullmatch(host) is not None and text in (f"http://{host}{port}", f"https://{host}{port}")
