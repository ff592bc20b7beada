"""The named keys of callers: read from the settings once, compared in constant time.

What a key opens is decided in `security`; here a secret becomes a name.
"""

import hashlib
import hmac
import re
from typing import Self

from api.settings import Settings
from recipe_assets.errors import SettingsError

ADMIN = "admin"
"""The name that goes with the admin key; it opens everything, so no other key may be called so."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SECRET = re.compile(r"[!-+\--~]+")  # visible ASCII without the comma: what fits in a header and in our list


class KeyRing:
    """Which secret belongs to whom."""

    def __init__(self, callers: dict[str, str], admin_key: str = "") -> None:
        """Remember digests of the secrets, by name.

        Raises:
            SettingsError: if two share a secret.
        """
        secrets = callers | ({ADMIN: admin_key} if admin_key else {})
        self._digests = {name: _digest(secret) for name, secret in secrets.items()}
        self.required = bool(callers)
        """Whether callers need a key; an admin key alone guards only the admin calls."""
        if len(set(self._digests.values())) < len(secrets):
            raise SettingsError(
                "RECIPE_API_KEYS and RECIPE_API_ADMIN_KEY hold one secret twice: give each caller one of its own"
            )

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The keys of `settings.keys` and `settings.admin_key`.

        Raises:
            SettingsError: if a key has no name, no secret, or shares either with another. No secret is repeated.
        """
        callers: dict[str, str] = {}
        for place, entry in enumerate(settings.keys.split(",") if settings.keys else [], start=1):
            name, secret = _parsed(place, entry)
            if name in callers:
                raise SettingsError(f"RECIPE_API_KEYS names '{name}' twice: give each caller a name of its own")
            callers[name] = secret
        return cls(callers, settings.admin_key)

    def name_of(self, secret: str) -> str | None:
        """Whose secret this is; None if nobody's.

        All keys are compared, and digests instead of secrets, so that the time tells neither a match nor a length.
        """
        given = _digest(secret)
        found = None
        for name, digest in self._digests.items():
            if hmac.compare_digest(given, digest):
                found = name
        return found


def _parsed(place: int, entry: str) -> tuple[str, str]:
    name, separator, secret = (part.strip() for part in entry.partition("="))
    if not separator or not _NAME.fullmatch(name) or not _SECRET.fullmatch(secret):
        raise SettingsError(
            f"RECIPE_API_KEYS cannot be used: its entry {place} is not name=secret, where the name has 1 to 32 "
            "letters, digits, '.', '_' or '-', and the secret visible ASCII characters without a comma"
        )
    if name.lower() == ADMIN:
        raise SettingsError(
            f"RECIPE_API_KEYS cannot be used: the name '{ADMIN}' is that of RECIPE_API_ADMIN_KEY, choose another"
        )
    return name, secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
