"""What is said when customers send and ask, raise a limit and top up by themselves: to whom, and what is not said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import policy
from accounts.models import NoticePreference
from payments.models import Transfer
from tests.payments.actions.test_money_requests import ask
from tests.payments.actions.test_transfers import ledger_send
from tests.payments.books import customer_with
from tests.payments.sending import knows
from tests.people import make_customer
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import notice_for
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)
MONEY = {"old_minor": 1_000, "new_minor": 2_000, "amount_minor": 3_000, "threshold_minor": 500}


def said(topic: str, user_id: int, **payload: object) -> str:
    """Every word of every recipient's notice."""
    event = Event(
        topic=topic, user_id=user_id, payload=payload, created_at=timezone.now(), key="x", priority="ordinary"
    )
    teller = notice_for(topic)
    recipients = teller.recipients(event)
    assert recipients
    messages = [teller.message(event, one) for one in recipients]
    return "\n".join(f"{one.subject}\n{one.text}\n{one.html}" for one in messages)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_both_are_told_in_part_and_what_somebody_wrote_is_in_no_mail(language: str) -> None:
    aya, ken = customer_with(9_000, "aya"), make_customer("mio", language=language)
    number = Transfer.objects.get(pk=ledger_send(aya, ken, 1_234, message="visit evil.example")[0])
    request = ask(aya, knows(aya, ken)).request
    for text in (
        said("payments:transfer:received", ken.user.pk, transfer=str(number.public_id)),
        said("payments:transfer:sent", aya.user.pk, transfer=str(number.public_id)),
        said("payments:request:made", ken.user.pk, request=str(request.public_id)),
    ):
        assert "¥1,2" in text and "••" in text
        assert "evil.example" not in text and "ランチ" not in text
        for person in (aya, ken):
            # Their own name stands in the greeting; nobody's address in anything.
            assert person.email not in text
    received = said("payments:transfer:received", ken.user.pk, transfer=str(number.public_id))
    assert "Aya Sato" not in received and "A•• S••" in received


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_makes_more_possible_is_told_with_figures(language: str) -> None:
    aya = make_customer("mio", language=language)
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    raised = said("payments:limit:raised", aya.user.pk, kind="per-day", **MONEY, **{"from": tomorrow})
    assert "¥1,000" in raised and "¥2,000" in raised
    on = said("payments:auto_top_up:on", aya.user.pk, card="Visa •••• 4242", **MONEY)
    assert "¥3,000" in on and "¥500" in on and "4242" in on
    assert said("payments:auto_top_up:off", aya.user.pk, because="cool-off")


@pytest.mark.usefixtures("grown_up")
def test_receipts_can_be_silenced_and_what_changed_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "cool_off", lambda _user_id: None)
    aya, ken = customer_with(9_000, "aya"), make_customer("mio")
    with recorded(ken.actor):
        NoticePreference.objects.create(user=ken.user, receipts_by_email=False, receipts_by_push=False)
    number = Transfer.objects.get(pk=ledger_send(aya, ken, 1_234)[0]).public_id
    with pytest.raises(AssertionError):
        said("payments:transfer:received", ken.user.pk, transfer=str(number))
    assert said("payments:auto_top_up:off", ken.user.pk, because="cool-off")
