"""The desk's side of a dispute: what speaks about it, an answer that takes two, and its way to the processor."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from django.db import DatabaseError, transaction

from payments.actions.dispute_answers import send_answers, write_answer
from payments.actions.disputes import say
from payments.errors import DisputeClosed
from payments.models import Dispute, DisputeAnswer
from payments.processors.base import AnswerOutcome, AnswerRefused, AnswerTaken, Evidence, Unknown
from support.actions import approvals
from support.actions.disputes import ask_to_contest, ask_to_give_up
from support.errors import AlreadyAsked, OwnRequest, RoleMissing
from support.models import Approval, Case
from support.queries.dispute_evidence import as_texts, gather
from support.roles import RIGHTS, ROLES
from tests.payments.books import customer_with, open_counter, shown_code
from tests.payments.charged import charged, dispute_event, disputed, hear
from tests.payments.test_pages import sell
from tests.people import Person, make_customer, make_staff, session_key_for, signed_in_client
from tests.support.desk import agent, supervisor
from tests.support.switchboard import analyst
from wallet_site.transactions import recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement(40),
    # A worker would take what is hurried along to a processor of its own.
    pytest.mark.usefixtures("no_worker"),
]


@dataclass
class Heard:
    """A processor that notes what it is told and answers as it was taught."""

    answer: AnswerOutcome = field(default_factory=AnswerTaken)
    evidence: list[Evidence] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def submit_evidence(self, evidence: Evidence) -> AnswerOutcome:
        self.evidence.append(evidence)
        return self.answer

    def accept_dispute(self, dispute_reference: str, *, key: str) -> AnswerOutcome:
        self.accepted.append(dispute_reference)
        return self.answer


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Heard:
    heard = Heard()
    monkeypatch.setattr("payments.actions.dispute_answers.processor_named", lambda _name: heard)
    return heard


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


def finance(name: str = "jun") -> Person:
    return make_staff(name, groups=["finance"])


def page_of(dispute: Dispute) -> str:
    return f"/admin/disputes/{dispute.public_id}/"


def owed_to(dispute: Dispute) -> list[str]:
    """What was written down for the processor, sent or not."""
    return list(DisputeAnswer.objects.filter(dispute=dispute).values_list("kind", flat=True))


def send(dispute: Dispute) -> DisputeAnswer:
    send_answers(analyst("sweep").actor)
    return DisputeAnswer.objects.get(dispute=dispute)


def test_evidence_tells_who_signed_in_what_was_paid_and_how_the_card_was_proven() -> None:
    aya = customer_with(0)
    session_key_for(aya)
    made = charged(aya)
    sell(open_counter(), shown_code(aya), 1_200)
    hear(dispute_event(made))
    dispute = Dispute.objects.select_related("top_up__user", "top_up__card").get(top_up=made)
    say(dispute, "me", actor=aya.actor)
    texts = as_texts(gather(Dispute.objects.select_related("top_up__card").get(pk=dispute.pk)))
    assert texts["purchase_network"] == "203.0.113.7"
    assert "signed in with password and" in texts["access_log"]
    assert "paid 1200 JPY at 渋谷店" in texts["access_log"]
    assert "3-D Secure result: authenticated" in texts["text"]
    assert "told us that they made this charge" in texts["text"]
    assert aya.email not in str(texts)


def test_two_people_contest_it_and_it_is_sent_once(aya: Person, processor: Heard) -> None:
    dispute, mei, jun = disputed(aya), analyst(), finance()
    asked = ask_to_contest(
        dispute, remarks="Please see above.", reason="she says it was her", actor=mei.actor
    )
    with pytest.raises(AlreadyAsked):
        ask_to_give_up(dispute, reason="x", actor=jun.actor)
    with pytest.raises(OwnRequest):
        approvals.approve(asked, reason="mine", actor=mei.actor)
    assert (owed_to(dispute), processor.evidence) == ([], [])
    approvals.approve(asked, reason="agreed", actor=jun.actor)
    assert owed_to(dispute) == ["evidence"]
    assert send(dispute).sent_at
    send(dispute)
    mine = [one for one in processor.evidence if one.dispute_reference == dispute.reference]
    assert [one.text.rpartition("\n")[2] for one in mine] == ["Please see above."]
    assert mine[0].key == f"dispute-answer:{dispute.public_id}"
    with pytest.raises(DisputeClosed):
        ask_to_contest(dispute, remarks="", reason="again", actor=mei.actor)


def test_giving_up_is_told_to_the_processor_and_moves_money_only_by_its_word(
    aya: Person, processor: Heard
) -> None:
    dispute = disputed(aya)
    approvals.approve(
        ask_to_give_up(dispute, reason="hers", actor=finance().actor), reason="yes", actor=supervisor().actor
    )
    send(dispute)
    assert dispute.reference in processor.accepted
    dispute.refresh_from_db()
    assert dispute.is_open


def test_what_the_processor_has_not_heard_is_sent_again_and_what_it_refuses_calls_people(
    aya: Person, processor: Heard
) -> None:
    dispute = disputed(aya)
    approvals.approve(
        ask_to_give_up(dispute, reason="hers", actor=finance().actor), reason="yes", actor=supervisor().actor
    )
    processor.answer = Unknown("ReadTimeout")
    assert send(dispute).sent_at is None
    processor.answer = AnswerRefused("dispute_already_closed")
    assert send(dispute).refused_code == "dispute_already_closed"
    assert (
        Case.objects.filter(customer=aya.user, text__startswith="payments:dispute:answer_refused").count()
        == 1
    )
    tries = processor.accepted.count(dispute.reference)
    send(dispute)
    assert processor.accepted.count(dispute.reference) == tries == 2


def test_an_answer_comes_too_late(aya: Person) -> None:
    dispute = disputed(aya)
    asked = ask_to_give_up(dispute, reason="hers", actor=finance().actor)
    hear(dispute_event(dispute.top_up, "won"))
    with pytest.raises(DisputeClosed):
        approvals.approve(asked, reason="yes", actor=supervisor().actor)
    asked.refresh_from_db()
    assert (asked.state, owed_to(dispute)) == (Approval.State.WAITING, [])


def test_no_hand_answers_without_an_approval_or_another_than_was_approved(aya: Person) -> None:
    dispute, jun = disputed(aya), finance()
    asked = ask_to_contest(dispute, remarks="", reason="x", actor=jun.actor)
    for kind, evidence in (("accept", None), ("evidence", asked.facts["evidence"])):
        with pytest.raises(DatabaseError, match="no approval"), recorded(jun.actor):
            write_answer(dispute.pk, kind=kind, evidence=evidence, approval_id=asked.pk, actor=jun.actor)  # type: ignore[arg-type]
    Approval.objects.filter(pk=asked.pk)
    approvals.approve(asked, reason="agreed", actor=supervisor().actor)
    answer = DisputeAnswer.objects.get(dispute=dispute)
    for change in ({"kind": "accept"}, {"evidence": {}}):
        with pytest.raises(DatabaseError), transaction.atomic():
            DisputeAnswer.objects.filter(pk=answer.pk).update(**change)
    other = disputed(make_customer("ken"))
    with pytest.raises(DatabaseError, match="no approval"), recorded(jun.actor):
        write_answer(
            other.pk, kind=answer.kind, evidence=answer.evidence, approval_id=asked.pk, actor=jun.actor
        )


@pytest.mark.requirement(39)
def test_every_role_asks_and_decides_as_the_table_says(aya: Person) -> None:
    for role in ROLES:
        dispute, who = disputed(make_customer("ken")), make_staff("ren", groups=[role])
        may_ask, may_decide = (role in RIGHTS[right].roles for right in ("ask_dispute", "approve_dispute"))
        browser = signed_in_client(who)
        assert (browser.get("/admin/disputes/").status_code, browser.get(page_of(dispute)).status_code) == (
            200,
            200,
        )
        for do in ("contest", "give_up"):
            prefix = do.replace("_", "-")
            answer = browser.post(
                page_of(dispute), {"do": do, f"{prefix}-reason": "x", f"{prefix}-remarks": ""}
            )
            assert (role, do, answer.status_code) == (
                role,
                do,
                (302 if do == "contest" else 409) if may_ask else 403,
            )
        asked = Approval.objects.filter(kind="answer_dispute", subject_id=dispute.pk).first()
        assert bool(asked) == may_ask
        asked = asked or ask_to_contest(dispute, remarks="", reason="x", actor=finance().actor)
        other = make_staff("yui", groups=[role])
        if may_decide:
            approvals.approve(asked, reason="y", actor=other.actor)
        else:
            with pytest.raises(RoleMissing):
                approvals.approve(asked, reason="y", actor=other.actor)
        assert owed_to(dispute) == (["evidence"] if may_decide else [])


def test_pages_ask_the_same_for_one_and_for_many(aya: Person, django_assert_max_num_queries: object) -> None:
    browser = signed_in_client(finance())
    dispute = disputed(aya)
    browser.get("/admin/disputes/")

    def queries(path: str) -> int:
        with django_assert_max_num_queries(16) as counted:  # type: ignore[operator]
            assert browser.get(path).status_code == 200
        return len(counted)

    few = queries("/admin/disputes/"), queries(page_of(dispute))
    for _ in range(5):
        disputed(aya)
        session_key_for(aya)
    assert (queries("/admin/disputes/"), queries(page_of(dispute))) == few


def test_the_case_leads_to_the_dispute_and_an_empty_reason_asks_for_nothing(aya: Person) -> None:
    dispute, browser = disputed(aya), signed_in_client(finance())
    case = Case.objects.get(customer=aya.user, queue="top_up_dispute")
    assert page_of(dispute) in browser.get(f"/admin/cases/{case.public_id}/").content.decode()
    for data in ({"do": "give_up", "give-up-reason": ""}, {"do": "contest", "contest-reason": ""}):
        assert browser.post(page_of(dispute), data).status_code == 422
    assert not Approval.objects.filter(kind="answer_dispute", subject_id=dispute.pk).exists()
    assert signed_in_client(agent()).get("/admin/disputes/?all").status_code == 200
