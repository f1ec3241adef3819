"""Cases: an undo opens exactly one, appeals do not pile up, taking and closing are seen."""

from __future__ import annotations

import psycopg
import pytest

from accounts.models import CredentialChange
from support.actions import cases
from support.errors import CaseClosed
from support.models import Case, Note
from support.queries.dashboard import dashboard, queue_states
from tests.people import Person, make_customer, signed_in_client
from tests.support.desk import agent, page_of, stop
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import record
from wallet_site.outbox.models import Delivery
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def undo(person: Person, session: psycopg.Connection) -> CredentialChange:
    """A change, and the use of its undo link, as the database sees it."""
    person.user.phone = "+819000000001"
    person.user.save(update_fields=["phone"])
    change = CredentialChange.objects.filter(user=person.user, kind="phone_changed").latest("pk")
    session.execute(
        "INSERT INTO accounts_changeundo (change_id, user_id, address, restored, actor)"
        " VALUES (%s, %s, %s, '[]', '{}')",
        [change.pk, person.user.pk, person.email],
    )
    return change


@pytest.mark.requirement(28)
def test_an_undo_opens_exactly_one_case(application_connection: psycopg.Connection) -> None:
    aya = make_customer("aya")
    change = undo(aya, application_connection)
    with pytest.raises(psycopg.errors.UniqueViolation):
        application_connection.execute(
            "INSERT INTO accounts_changeundo (change_id, user_id, address, restored, actor)"
            " VALUES (%s, %s, 'x@example.com', '[]', '{}')",
            [change.pk, aya.user.pk],
        )
    case = Case.objects.get(customer=aya.user)
    assert (case.queue, case.state, case.owner, case.undo.change) == ("undo_link_used", "open", None, change)
    client = signed_in_client(agent())
    assert str(case.public_id) in client.get("/admin/cases/?queue=undo_link_used").content.decode()
    assert "Phone number changed" in client.get(f"/admin/cases/{case.public_id}/").content.decode()
    assert "Undone" in client.get(page_of(aya)).content.decode()


def test_a_case_is_taken_and_closed_with_a_reason() -> None:
    aya, rin, tsubasa = make_customer("aya"), agent(), agent("tsubasa")
    client = signed_in_client(rin)
    opened = client.post(
        page_of(aya, "case/"), {"queue": "other", "subject": "Asks for a receipt", "text": ""}
    )
    case = Case.objects.get(customer=aya.user)
    assert opened.headers["Location"] == f"/admin/cases/{case.public_id}/"
    signed_in_client(tsubasa).post(opened.headers["Location"], {"do": "take"})
    case.refresh_from_db()
    assert case.owner == tsubasa.user
    assert client.post(opened.headers["Location"], {"do": "close", "reason": ""}).status_code == 200
    case.refresh_from_db()
    assert case.is_open
    client.post(opened.headers["Location"], {"do": "close", "reason": "sent by mail"})
    case.refresh_from_db()
    assert (case.state, case.closed_by, case.close_reason) == ("closed", rin.user, "sent by mail")
    for again in (
        lambda: cases.close_case(case, reason="x", actor=rin.actor),
        lambda: cases.take_case(case, actor=rin.actor),
    ):
        with pytest.raises(CaseClosed):
            again()
    actions = AuditRow.objects.filter(user_id=aya.user.pk, action__startswith="support:case:")
    assert list(actions.order_by("pk").values_list("action", flat=True)) == [
        "support:case:opened",
        "support:case:taken",
        "support:case:closed",
    ]


def test_a_suspended_customer_reads_what_is_stopped_and_appeals() -> None:
    ken = make_customer("ken")
    browser = signed_in_client(ken)
    assert "Nothing is stopped" in browser.get("/restricted/").content.decode()
    stop(ken, "spending")
    shown = browser.get("/restricted/").content.decode()
    assert "Paying in stores" in shown
    assert "0120-000-000" in shown
    assert "seen by a test" not in shown  # the desk's own words stay at the desk
    for words in ("It was me.", "It was me.", "Here is more."):
        assert browser.post("/restricted/", {"text": words}).status_code == 302
    case = Case.objects.get(customer=ken.user)
    assert (case.queue, case.text) == ("appeal", "It was me.\n\nHere is more.")
    assert browser.post("/restricted/", {"text": ""}).status_code == 422


def test_an_appeal_needs_something_to_appeal_against() -> None:
    ken = make_customer("ken")
    signed_in_client(ken).post("/restricted/", {"text": "hello"})
    assert not Case.objects.filter(customer=ken.user).exists()


def test_notes_are_kept_for_good_and_escaped() -> None:
    aya = make_customer("aya")
    client = signed_in_client(agent())
    assert client.post(page_of(aya, "note/"), {"text": "<script>alert(1)</script>"}).status_code == 302
    assert Note.objects.get(customer=aya.user).text == "<script>alert(1)</script>"
    assert "<script>alert" not in client.get(page_of(aya)).content.decode()
    assert client.post(page_of(aya, "note/"), {"text": " "}).status_code == 422


def test_the_dashboard_counts_open_and_late_cases(application_connection: psycopg.Connection) -> None:
    aya, rin = make_customer("aya"), agent()
    before = {state.queue: (state.open, state.late) for state in queue_states()}
    undo(aya, application_connection)
    application_connection.execute(
        "UPDATE support_case SET due_at = now() - interval '1 hour' WHERE customer_id = %s", [aya.user.pk]
    )
    after = {
        state.queue: (state.open, state.late) for state in dashboard(rin.user, rights=frozenset()).queues
    }
    opened, late = before[Case.Queue.UNDO_LINK_USED]
    assert after[Case.Queue.UNDO_LINK_USED] == (opened + 1, late + 1)


def test_a_security_notice_that_comes_back_opens_one_case() -> None:
    aya = make_customer("aya")
    for _number in range(2):
        stop(aya, "sending")
    relay("security")
    deliveries = Delivery.objects.filter(event__user_id=aya.user.pk, channel="email").order_by("-pk")
    for delivery, state in zip(deliveries[:2], ("bounced", "failed"), strict=True):
        Delivery.objects.filter(pk=delivery.pk).update(state=state, last_error="550 no such mailbox")
    case = Case.objects.get(customer=aya.user)
    assert (case.queue, case.text, case.owner) == ("bounced_notice", "550 no such mailbox", None)
    cases.close_case(case, reason="reached by phone", actor=agent().actor)
    deliveries.filter(state="sent").update(state="bounced")
    assert Case.objects.filter(customer=aya.user, state="open").count() == 1


@pytest.mark.parametrize("news", ["disputed", "charged_after_failure", "amount_differs"])
def test_money_that_somebody_must_look_at_opens_a_case(news: str) -> None:
    aya = make_customer("aya")
    with recorded(Actor.system("test")):
        for action in (f"payments:top_up:{news}", "payments:top_up:requested", f"payments:top_up:{news}"):
            record(action, actor=Actor.system("test"), subject=("payments.topup", "7"), user_id=aya.user.pk)
    case = Case.objects.get(customer=aya.user)
    assert (case.queue, case.state, case.text) == ("top_up_dispute", "open", f"payments:top_up:{news} 7")
    assert case.title == "Disputed top-ups"


def test_a_letter_that_comes_back_or_a_notice_to_staff_opens_none() -> None:
    rin = agent()
    relay("security")
    Delivery.objects.filter(event__user_id=rin.user.pk).update(state="bounced")
    assert not Case.objects.filter(customer=rin.user).exists()
