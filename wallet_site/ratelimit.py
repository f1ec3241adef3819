"""Limits on tries, counted in Redis, atomic under any number of parallel requests.

A fixed window per name and key: the first try opens it, it ends by itself. When Redis does not answer, the try is
refused (`Unavailable`): a limit that cannot be counted is a limit reached (requirement 46).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import redis
from django.conf import settings

from wallet_site.errors import TooManyTries, Unavailable

# KEYS[1] the window; ARGV cost, period in ms. Answers {count after, ms until the window ends}. A try past the
# limit is counted too, but never makes the window longer: waiting always helps.
_TAKE = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {count, left}
"""


@dataclass(frozen=True, slots=True)
class Window:
    """How a limit stands after a try."""

    limit: int
    used: int
    resets_in_seconds: int

    @property
    def remaining(self) -> int:
        """Tries left in this window, never below zero."""
        return max(0, self.limit - self.used)


@lru_cache(maxsize=4)
def client_for(url: str) -> redis.Redis:
    """One pooled client per server, for everything here that speaks to Redis."""
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def _name(name: str, key: str) -> str:
    return f"limit:{name}:{key}"


def take(name: str, key: str, *, limit: int, period_seconds: int, cost: int = 1) -> Window:
    """Count a try of `key` against the limit `name`.

    Raises `TooManyTries` (with `retry_after` in seconds) when this try is past `limit` in the running window, and
    `Unavailable` when Redis cannot be asked. Every call counts, a refused one too.
    """
    try:
        answer = client_for(settings.REDIS_URL).eval(_TAKE, 1, _name(name, key), cost, period_seconds * 1000)
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error
    used, left_ms = cast(list[int], answer)
    window = Window(limit=limit, used=used, resets_in_seconds=max(1, -(-left_ms // 1000)))
    if used > limit:
        raise TooManyTries(retry_after=window.resets_in_seconds)
    return window


def forget(name: str, key: str) -> None:
    """Begin anew for `key`, after a proven success. Raises `Unavailable` when Redis cannot be asked."""
    try:
        client_for(settings.REDIS_URL).delete(_name(name, key))
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error


def first_use(name: str, key: str, *, remember_seconds: int) -> bool:
    """True once per `key` within the time: the replay guard for nonces. Raises `Unavailable` without Redis."""
    try:
        set_now: Any = client_for(settings.REDIS_URL).set(
            f"seen:{name}:{key}", 1, nx=True, ex=remember_seconds
        )
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error
    return bool(set_now)
