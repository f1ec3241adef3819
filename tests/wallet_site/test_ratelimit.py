"""Limits count exactly under parallel tries and close when they cannot count."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from wallet_site import ratelimit
from wallet_site.errors import TooManyTries, Unavailable
from wallet_site.local.valkey import Valkey


def fresh_key() -> str:
    return uuid.uuid4().hex


def tried(key: str) -> bool:
    try:
        ratelimit.take("test", key, limit=10, period_seconds=60)
    except TooManyTries:
        return False
    return True


@pytest.mark.requirement(16)
def test_sixty_parallel_tries_let_exactly_the_limit_through() -> None:
    key = fresh_key()
    with ThreadPoolExecutor(60) as pool:
        through = sum(pool.map(lambda _n: tried(key), range(60)))
    assert through == 10


def test_a_refusal_says_when_to_come_back_and_waiting_is_not_made_longer() -> None:
    key = fresh_key()
    for _n in range(10):
        assert tried(key)
    with pytest.raises(TooManyTries) as first:
        ratelimit.take("test", key, limit=10, period_seconds=60)
    with pytest.raises(TooManyTries) as second:
        ratelimit.take("test", key, limit=10, period_seconds=60)
    assert 0 < (second.value.retry_after or 0) <= (first.value.retry_after or 0) <= 60


def test_keys_and_names_do_not_meet() -> None:
    key = fresh_key()
    ratelimit.take("test", key, limit=1, period_seconds=60)
    ratelimit.take("test", key + "x", limit=1, period_seconds=60)
    ratelimit.take("other", key, limit=1, period_seconds=60)
    with pytest.raises(TooManyTries):
        ratelimit.take("test", key, limit=1, period_seconds=60)


def test_success_begins_anew() -> None:
    key = fresh_key()
    ratelimit.take("test", key, limit=1, period_seconds=60)
    ratelimit.forget("test", key)
    assert ratelimit.take("test", key, limit=1, period_seconds=60).remaining == 0


def test_a_nonce_is_new_once_in_sixty() -> None:
    key = fresh_key()
    with ThreadPoolExecutor(60) as pool:
        uses = list(pool.map(lambda _n: ratelimit.first_use("test", key, remember_seconds=60), range(60)))
    assert uses.count(True) == 1


@pytest.mark.requirement(46)
def test_without_redis_every_limit_is_reached(valkey: Valkey) -> None:
    valkey.kill()
    with pytest.raises(Unavailable):
        ratelimit.take("test", fresh_key(), limit=10, period_seconds=60)
    with pytest.raises(Unavailable):
        ratelimit.first_use("test", fresh_key(), remember_seconds=60)
    with pytest.raises(Unavailable):
        ratelimit.forget("test", fresh_key())
