"""No way to a customer's page leaves no row (requirement 39)."""

from __future__ import annotations

import pytest

from tests.people import make_customer, signed_in_client
from tests.support.desk import agent, page_of, supervisor
from wallet_site.audit.models import AuditRow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.requirement(39)
@pytest.mark.parametrize("query", ["?kind=money", "?kind=money&before=", "?before=2030-01-01T00:00:00Z~1~1"])
def test_a_page_that_begins_in_the_middle_is_a_look(query: str) -> None:
    aya, rin, sota = make_customer("aya"), agent(), supervisor()
    signed_in_client(sota).get(page_of(aya))
    client = signed_in_client(rin)
    for _turn in range(3):
        assert client.get(page_of(aya, query)).status_code == 200
    rows = AuditRow.objects.filter(user_id=aya.user.pk, action="support:customer:looked_at")
    seen_by = [row.actor["user_id"] for row in rows.order_by("pk")]
    assert seen_by[0] == sota.user.pk
    assert rin.user.pk in seen_by
    if "kind" in query:
        assert seen_by == [sota.user.pk, rin.user.pk]
