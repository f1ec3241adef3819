"""Ways by the pages of disputes, of reported payments and of the settlement files."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts.models import User
from payments.actions.settlement_files import import_settlement
from payments.days import TOKYO
from payments.models import Payment, SettlementDifference
from payments.processors.base import LineKind, SettlementEntry
from support.actions.disputes import ask_to_contest, ask_to_give_up
from support.actions.settlement_files import ask_to_book, explain
from support.models import Case
from tests.journeys.guide import Guide, Tour
from tests.payments.books import customer_with, open_counter, shown_code
from tests.payments.charged import FileProcessor, dispute_event, disputed, hear
from tests.payments.test_pages import sell
from tests.people import make_customer, make_staff, session_key_for
from tests.support.desk import supervisor
from wallet_site.actor import Actor


def disputed_top_ups(guide: Guide) -> Tour:
    """What a customer sees of them, and a payment that was not theirs."""
    person = customer_with(9_000)
    User.objects.filter(pk=person.user.pk).update(language=guide.language)
    sell(open_counter(), shown_code(person), 842)
    payment = Payment.objects.get(customer=person.user).journal_id
    somebody = guide.become(person)
    yield from guide.goto("/disputes/")
    dispute = disputed(person)
    here = f"/disputes/{dispute.public_id}/"
    yield from guide.goto("/disputes/", here, f"/top-up/{dispute.top_up.public_id}/",
                          f"/activity/{dispute.opening_id}/")  # fmt: skip
    guide.page.goto(here)
    somebody.press("Send")
    yield "dispute, nothing chosen"
    guide.page.locator("input[name=said]").last.check(force=True)
    somebody.press("Send")
    yield "dispute, not me"
    for state in ("answered", "lost"):
        hear(dispute_event(dispute.top_up, state))
        yield from guide.goto(here)
    won = disputed(person)
    hear(dispute_event(won.top_up, "won"))
    yield from guide.goto(
        f"/disputes/{won.public_id}/", f"/activity/{payment}/", f"/activity/{payment}/report/"
    )
    somebody.press("Report it")
    guide.page.locator(".banner--success").wait_for()
    yield "payment, reported"


def desk_of_money(guide: Guide) -> Tour:
    """The desk's pages of disputes, and finance's of the settlement files."""
    jun, person = make_staff("jun", groups=["finance"]), customer_with(0)
    session_key_for(person)
    dispute = disputed(person)
    hear(dispute_event(disputed(person).top_up, "won"))
    given_up = disputed(make_customer("ken"))
    case = Case.objects.filter(customer=person.user, queue="top_up_dispute").latest("pk")
    guide.become(jun)
    yield from guide.goto("/admin/disputes/", "/admin/disputes/?all", f"/admin/disputes/{dispute.public_id}/",
                          f"/admin/cases/{case.public_id}/")  # fmt: skip
    contested = ask_to_contest(dispute, remarks="", reason="本人と確認した", actor=jun.actor)
    accepted = ask_to_give_up(given_up, reason="不正利用と判断した", actor=jun.actor)
    differences = differing_file()
    explain(differences[2], reason="取引先に確認した", actor=jun.actor)
    booking = ask_to_book(differences[1], reason="翌日の入金と照合する", actor=jun.actor)
    guide.become(supervisor())
    asked = (f"/admin/approvals/{one.public_id}/" for one in (contested, accepted, booking))
    yield from guide.goto(f"/admin/disputes/{dispute.public_id}/", *asked)
    guide.become(jun)
    yield from guide.goto("/admin/settlement-files/", f"/admin/settlement-files/{differences[0].file.public_id}/",
                          "/admin/differences/", "/admin/differences/?all",
                          *(f"/admin/differences/{one.public_id}/" for one in differences))  # fmt: skip


def differing_file() -> list[SettlementDifference]:
    """A file with three lines that fit nothing."""
    day = timezone.now().astimezone(TOKYO).date() - timedelta(days=1)
    entries = [
        SettlementEntry(
            secrets.token_hex(8), LineKind.CHARGE, f"pi_{secrets.token_hex(12)}", amount, 30, "JPY", datetime.now(UTC)
        )
        for amount in (3_000, 12_000, 500)
    ]  # fmt: skip
    payout = SettlementEntry(
        f"txn_{secrets.token_hex(8)}", LineKind.PAYOUT, "", -9_000, 0, "JPY", datetime.now(UTC)
    )
    done = import_settlement(FileProcessor(entries=[*entries, payout]), day, actor=Actor.system("tests"))
    return list(done.file.differences.order_by("pk"))


DISPUTE_TOURS = (disputed_top_ups, desk_of_money)
