"""How many photos a caller may send in a minute.

A token bucket for each key, or for each address without a key. How many photos the API can work on at once is not
decided here: that is the bounded queue of `batching`.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from litestar.handlers import BaseRouteHandler

from api.errors import RateLimitedError
from api.guarding.security import AnyConnection
from api.monitoring.observing import CLIENT

_CALLERS = 10_000
_ROUNDING = 0.01
"""Of a token: what the sums of many small numbers may be off."""
_SUBNET = 64
"""What one subscriber gets in IPv6, so that nobody is a new caller with every packet."""


class Allowance(NamedTuple):
    """What is left to a caller."""

    limit: int
    """Photos a minute."""
    remaining: int
    """Photos that may be sent at once from now."""
    reset: float
    """Seconds until all of `limit` may be sent at once again."""

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers up to its version 6, which clients know by now."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset)),
        }


class RateLimit:
    """A token bucket for each caller, as the generic cell rate algorithm keeps it (ITU-T I.371).

    One number says all about a caller: when its bucket is full again. Buckets of those who were seen longest ago
    are forgotten, which can only be to their advantage.
    """

    def __init__(
        self, per_minute: int, callers: int = _CALLERS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """All buckets are full.

        Args:
            per_minute: the size of a bucket, and how many tokens flow into it in a minute.
            callers: how many buckets are remembered.
            clock: seconds that only grow.
        """
        self._limit = per_minute
        self._interval = 60 / per_minute
        self._callers = callers
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: str) -> Allowance:
        """Take a token for one photo.

        Raises:
            RateLimitedError: if the bucket is empty; it knows when that will have changed.
        """
        missing = self._missing(caller)
        if (lacking := missing - (self._limit - 1)) > _ROUNDING:
            left = Allowance(self._limit, 0, missing * self._interval)
            raise RateLimitedError(lacking * self._interval, left.headers())
        return self.charge(caller, 1)

    def charge(self, caller: str, photos: int) -> Allowance:
        """Take tokens whether or not there are so many: the next `take` waits until the debt is paid."""
        missing = self._missing(caller) + photos
        self._full_at[caller] = self._clock() + missing * self._interval
        self._full_at.move_to_end(caller)
        if len(self._full_at) > self._callers:
            self._full_at.popitem(last=False)
        return Allowance(self._limit, max(0, math.floor(self._limit - missing)), missing * self._interval)

    def _missing(self, caller: str) -> float:
        now = self._clock()
        return max(0.0, self._full_at.get(caller, now) - now) / self._interval


async def photo_limit(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guards the routes that classify: takes one token before the body is read.

    Raises:
        RateLimitedError: if the caller has none left.
    """
    limit: RateLimit | None = connection.app.state.rate_limit
    if limit is not None:
        connection.state.answer_headers = limit.take(caller_of(connection)).headers()


def charge_more(connection: AnyConnection, photos: int) -> None:
    """Let a call that turned out to hold further photos pay for them, beyond the first."""
    limit: RateLimit | None = connection.app.state.rate_limit
    if limit is not None and photos > 0:
        connection.state.answer_headers = limit.charge(caller_of(connection), photos).headers()


def caller_of(connection: AnyConnection) -> str:
    """Who is counted: the name of the key, else the address; of an IPv6 address the subnet."""
    if name := CLIENT.get():
        return f"key {name}"
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return f"address {host}"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"subnet {ip_network((int(address), _SUBNET), strict=False)}"
    return f"address {getattr(address, 'ipv4_mapped', None) or address}"
