"""The document is whole and true: it validates, every operation is described, and a fuzzer finds nothing against it."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.drainage import GENERATOR_STATS
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from pytest_django.fixtures import Settings
from schemathesis.config import SchemathesisConfig

from payments.actions.merchants import add_merchant_key
from tests.api.signing import Signing
from tests.api_client import Phone
from tests.payments.books import TESTS, Counter, customer_with, open_counter
from tests.processes import Sandbox
from wallet_site.api.docs import document

EXAMPLES_PER_OPERATION = 6
CONFIG = {
    "checks": {
        # 422 is also how a well-formed request is refused: a wrong code, an amount above a limit.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422", "429"]},
    },
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid_openapi_3_1_and_made_without_a_warning() -> None:
    document.cache_clear()
    GENERATOR_STATS.reset()
    made = document()
    assert made["openapi"].startswith("3.1")
    validate(made)
    assert not GENERATOR_STATS


@pytest.mark.parametrize("operation", [one[2] for one in operations()], ids=lambda one: one["operationId"])
def test_every_operation_says_what_it_is(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["operationId"] == operation["operationId"].lower()
    assert operation["tags"]
    assert operation["security"] not in ([], [{}]), "an operation that is open to everybody"
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for _method, _path, operation in operations()]
    assert len(names) == len(set(names))


@pytest.mark.django_db
@pytest.mark.requirement(35)
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _operation in operations()])
def test_no_operation_answers_a_stranger(method: str, path: str) -> None:
    concrete = path.replace("{code_id}", "1").replace("{line_id}", "1").replace("{year}-{month}", "2026-01")
    concrete = concrete.replace("{kind}", "per-day")
    for name in (
        "device_id",
        "session_id",
        "challenge_id",
        "factor_id",
        "card_id",
        "linking_id",
        "top_up_id",
        "payment_id",
        "settlement_id",
        "endpoint_id",
        "dispute_id",
        "transfer_id",
        "request_id",
    ):
        concrete = concrete.replace(f"{{{name}}}", "5d0c1f6e-6a0d-4f0e-9b1e-0b1f4f6f9a55")
    answer = Phone().request(method, concrete, {} if method == "POST" else None, proof="")
    assert answer.status == 401, answer.content
    assert answer.headers["www-authenticate"].split()[0] in ("DPoP", "Terminal", "Merchant")


def test_the_document_is_served_with_an_etag() -> None:
    served = Phone().get("/api/v1/schema", proof="")
    assert served.headers["content-type"] == "application/vnd.oai.openapi+json"
    assert served.json() == json.loads(json.dumps(document()))
    again = Phone().get("/api/v1/schema", proof="", headers={"If-None-Match": served.headers["etag"]})
    assert again.status == 304


def without_security() -> dict[str, Any]:
    """The document as the fuzzer reads it: the layer below signs every request, so there is no header to leave out.

    That nothing is open without token, key and signature is asked above, of each operation.
    """
    made: dict[str, Any] = copy.deepcopy(document())
    del made["components"]["securitySchemes"]
    for methods in made["paths"].values():
        for operation in methods.values():
            del operation["security"]
    return made


described = schemathesis.openapi.from_dict(without_security(), config=SchemathesisConfig.from_dict(CONFIG))


@pytest.fixture
def fuzzed(sandbox_processor: Sandbox, transactional_db: None, settings: Settings) -> Signing:
    """The API as the fuzzer sees it: a customer with money, a signed-in phone, a till and its merchant's key."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    phone, till, key = somebody()
    if phone.get("/api/v1/me").status != 200:  # What was asked before signed it out.
        somebody.cache_clear()
        phone, till, key = somebody()
    return Signing(get_wsgi_application(), phone, till, key)


@cache
def somebody() -> tuple[Phone, Counter, str]:
    till = open_counter()
    _key, text = add_merchant_key(till.terminal.store.merchant, name="fuzzer", actor=TESTS)
    return Phone.signed_in(customer_with(50_000)), till, text


@described.parametrize()
@settings(
    max_examples=EXAMPLES_PER_OPERATION, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_the_fuzzer_finds_nothing(case: schemathesis.Case, fuzzed: Signing) -> None:
    case.call_and_validate(app=fuzzed)
