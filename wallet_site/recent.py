"""What many do in the last ten minutes: how often, and how many different ones. Counted in Redis, a minute each.

Different ones are counted by HyperLogLog (within about a percent), so that a wave of a million costs no more memory
than one of a hundred. Like a limit that cannot be counted, a figure that cannot be read is `Unavailable`, never zero.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import redis
from django.conf import settings

from wallet_site.errors import Unavailable
from wallet_site.ratelimit import client_for

MINUTES: Final = 10
_KEPT_SECONDS: Final = (MINUTES + 1) * 60

# KEYS[1] the hash of this minute, then one HyperLogLog for each kind of different ones; ARGV seconds to keep, the
# number of names to add one to, these names, then one value for each HyperLogLog.
_NOTE = """
local counted = tonumber(ARGV[2])
for i = 1, counted do redis.call('HINCRBY', KEYS[1], ARGV[2 + i], 1) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
for i = 2, #KEYS do
  redis.call('PFADD', KEYS[i], ARGV[2 + counted + i - 1])
  redis.call('EXPIRE', KEYS[i], ARGV[1])
end
"""


def note(name: str, *, counts: list[str], different: Mapping[str, str]) -> None:
    """One more of each of `counts`, and one value for each kind of `different`. Raises `Unavailable`."""
    minute = _minute()
    keys = [_key(name, minute), *(_key(name, minute, kind) for kind in different)]
    values: list[int | str] = [_KEPT_SECONDS, len(counts), *counts, *different.values()]
    try:
        client_for(settings.REDIS_URL).eval(_NOTE, len(keys), *keys, *values)
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error


def read(name: str, *, counts: list[str], different: list[str]) -> dict[str, int]:
    """The sums of the last ten minutes, the running one among them. Raises `Unavailable`."""
    last = _minute()
    minutes = range(last - MINUTES + 1, last + 1)
    try:
        pipe = client_for(settings.REDIS_URL).pipeline(transaction=False)
        for minute in minutes:
            pipe.hmget(_key(name, minute), counts)
        for kind in different:
            pipe.pfcount(*(_key(name, minute, kind) for minute in minutes))
        answers = pipe.execute()
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error
    found = {one: sum(int(row[place] or 0) for row in answers[:MINUTES]) for place, one in enumerate(counts)}
    return found | dict(zip(different, map(int, answers[MINUTES:]), strict=True))


def raise_flag(name: str, *, seconds: int) -> None:
    """From now on `is_raised` for so long; raised again it lasts anew."""
    try:
        client_for(settings.REDIS_URL).set(f"flag:{name}", 1, ex=seconds)
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error


def is_raised(name: str) -> bool:
    """Whether the flag was raised within its time. Raises `Unavailable`: what cannot be asked is not answered no."""
    try:
        return bool(client_for(settings.REDIS_URL).exists(f"flag:{name}"))
    except redis.RedisError as error:
        raise Unavailable(retry_after=30) from error


def _minute() -> int:
    return int(time.time() // 60)


def _key(name: str, minute: int, kind: str = "") -> str:
    return f"recent:{name}:{minute}:{kind}" if kind else f"recent:{name}:{minute}"
