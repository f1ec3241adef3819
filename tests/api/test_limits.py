"""Limits are told before they are reached, and end with the time they said."""

from __future__ import annotations

import re

import pytest
from django.test import override_settings

from tests.api_client import Phone
from tests.people import make_customer

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_answer_says_what_is_left() -> None:
    phone = Phone.signed_in(make_customer())
    first, second = phone.get("/api/v1/me"), phone.get("/api/v1/wallet")
    assert first.headers["ratelimit-policy"] == '"api";q=300;w=60'
    left = [re.fullmatch(r'"api";r=(\d+);t=(\d+)', answer.headers["ratelimit"]) for answer in (first, second)]
    assert left[0] and left[1]
    assert (int(left[0][1]), int(left[1][1])) == (299, 298)
    assert 0 < int(left[1][2]) <= int(left[0][2]) <= 60


@override_settings(API_REQUESTS_PER_MINUTE=3)
def test_past_the_limit_the_answer_says_when_to_come_back() -> None:
    aya = make_customer()
    phone = Phone.signed_in(aya)
    answers = [phone.get("/api/v1/me") for _n in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.code == "too-many-tries"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"api";r=0;t=')
    # All devices of one person count together; another person does not.
    assert Phone.signed_in(aya).get("/api/v1/me").status == 429
    assert Phone.signed_in(make_customer()).get("/api/v1/me").status == 200
