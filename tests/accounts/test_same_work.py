"""Requirement 5, without a clock: for an address that has an account and for one that has none the same work is done.

The same statements in the same order, the same hashings, the same commands to Redis, the same notices owed. How long it
takes is measured by `make bench only=account_timing`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
import redis
from django.contrib.auth.hashers import get_hasher
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.accounts.existence import Told, Way, ways
from tests.people import fresh_email, make_customer
from wallet_site.outbox.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(5)]
# What differs from call to call, whoever is asked about.
_VALUES = re.compile(r"E?'(?:[^'\\]|''|\\.)*'(?:::\w+)?|\bNULL\b|\b\d+\b|'?\\x[0-9a-f]+'?")


@dataclass
class Work:
    """What one request made the servers do."""

    statements: list[str] = field(default_factory=list)
    hashings: int = 0
    commands: list[str] = field(default_factory=list)
    owed: int = 0


def work_of(way: Way, address: str) -> tuple[Work, Told]:
    done, before = Work(), Event.objects.count()
    execute, hasher = redis.Redis.execute_command, type(get_hasher("default"))
    encode, verify = hasher.encode, hasher.verify

    def command(self: Any, *words: Any, **options: Any) -> Any:
        done.commands.append(str(words[0]))
        return execute(self, *words, **options)

    def hashing(original: Any) -> Any:
        def hashed(*arguments: Any) -> Any:
            done.hashings += 1
            return original(*arguments)

        return hashed

    with (
        mock.patch.object(redis.Redis, "execute_command", command),
        mock.patch.object(hasher, "encode", hashing(encode)),
        mock.patch.object(hasher, "verify", hashing(verify)),
        CaptureQueriesContext(connection) as asked,
    ):
        told = way(address)
    done.statements = [_VALUES.sub("?", query["sql"]) for query in asked]
    done.owed = Event.objects.count() - before
    return done, told


@pytest.mark.parametrize("name", ways())
def test_the_same_work_is_done_for_an_address_that_nobody_has(name: str) -> None:
    way = ways()[name]
    # Whatever is done once only (a prepared statement, a cached page) is done here.
    work_of(way, fresh_email("first"))
    mio = make_customer("mio")
    known, told = work_of(way, mio.email)
    unknown, told_of_nobody = work_of(way, fresh_email("nobody"))
    assert known.statements == unknown.statements
    assert known == unknown
    assert told.status == told_of_nobody.status
    assert known.statements, "something was asked"
    if "sign in" in name:
        assert known.hashings == 1
        assert "EVAL" in known.commands
