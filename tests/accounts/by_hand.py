"""One statement for each kind of credential change, as a hand in psql would write it.

The kinds come from the code (`CredentialChange.Kind`): a new one without a statement here fails the tests that read it.
"""

from __future__ import annotations

import uuid
from typing import Final

import psycopg

from accounts.models import CredentialChange
from accounts.two_factor.codes import new_seed
from tests.people import Person, fresh_email
from wallet_site.crypto import encrypt

_SETS = "(SELECT id FROM accounts_recoverycodeset WHERE user_id = %(user)s)"

BY_HAND: Final[dict[str, str]] = {
    "password_changed": "UPDATE accounts_user SET password = 'argon2$changed' WHERE id = %(user)s",
    "email_changed": "UPDATE accounts_user SET email = %(email)s WHERE id = %(user)s",
    "phone_changed": "UPDATE accounts_user SET phone = %(phone)s WHERE id = %(user)s",
    "notice_address_added": "INSERT INTO accounts_noticeaddress (user_id, email) VALUES (%(user)s, %(email)s)",
    "notice_address_changed": "UPDATE accounts_noticeaddress SET email = %(email)s WHERE user_id = %(user)s",
    "notice_address_removed": "DELETE FROM accounts_noticeaddress WHERE user_id = %(user)s",
    "account_deactivated": "UPDATE accounts_user SET is_active = false WHERE id = %(user)s",
    "account_activated": "UPDATE accounts_user SET is_active = true WHERE id = %(user)s",
    "totp_added": "INSERT INTO accounts_totpdevice (user_id, name, confirmed, seed, last_step)"
    " VALUES (%(user)s, 'Thief', true, %(seed)s, -1)",
    "totp_changed": "UPDATE accounts_totpdevice SET seed = %(seed)s WHERE user_id = %(user)s",
    # The last one stays: another takes its place.
    "totp_removed": "WITH spare AS (INSERT INTO accounts_totpdevice (user_id, name, confirmed, seed, last_step)"
    " VALUES (%(user)s, 'Spare', true, %(seed)s, -1)) DELETE FROM accounts_totpdevice WHERE user_id = %(user)s",
    "passkey_added": "INSERT INTO accounts_passkey (user_id, name, confirmed, credential_type, credential_id,"
    " credential_id_sha256, public_key, sign_count, transports, backup_eligible, backup_state, aaguid)"
    " VALUES (%(user)s, 'Thief', true, 'public-key', %(digest)s, encode(sha256(%(digest)s), 'hex'), 'x', 0, '[]',"
    " false, false, '')",
    "passkey_changed": "UPDATE accounts_passkey SET public_key = 'stolen' WHERE user_id = %(user)s",
    "passkey_removed": "DELETE FROM accounts_passkey WHERE user_id = %(user)s",
    "recovery_code_used": "UPDATE accounts_recoverycode SET used_at = now()"
    f" WHERE id = (SELECT min(id) FROM accounts_recoverycode WHERE code_set_id IN {_SETS})",
    "recovery_codes_added": "INSERT INTO accounts_recoverycode (code_set_id, digest)"
    f" SELECT id, %(digest)s FROM accounts_recoverycodeset WHERE id IN {_SETS}",
    "recovery_codes_removed": f"DELETE FROM accounts_recoverycode WHERE code_set_id IN {_SETS}",
    "api_device_added": "INSERT INTO accounts_apidevice (public_id, user_id, name, key_thumbprint, revoked_why)"
    " VALUES (%(uuid)s, %(user)s, 'Thief''s phone', %(mark)s, '')",
    "api_device_removed": "UPDATE accounts_apidevice SET revoked_at = now() WHERE user_id = %(user)s",
}
# Written down and told to nobody: the password stays the same (see test_quiet_changes).
QUIET: Final = {"password_rehashed"}
# What must be there before it can be changed or taken away.
BEFORE: Final[dict[str, str]] = {
    "notice_address_changed": f"{BY_HAND['notice_address_added']} ON CONFLICT DO NOTHING",
    "notice_address_removed": f"{BY_HAND['notice_address_added']} ON CONFLICT DO NOTHING",
    "account_activated": BY_HAND["account_deactivated"],
    "passkey_changed": BY_HAND["passkey_added"],
    "passkey_removed": BY_HAND["passkey_added"],
    "api_device_removed": BY_HAND["api_device_added"],
}


def facts(person: Person) -> dict[str, object]:
    """Fresh values for every statement."""
    return {
        "user": person.user.pk,
        "email": fresh_email("by.hand"),
        "phone": f"+81801{person.user.pk % 10**7:07d}",
        "uuid": uuid.uuid4(),
        "mark": uuid.uuid4().hex,
        "digest": uuid.uuid4().bytes,
        # The rows stay: one that no key opens would stop the next change of keys, as it should.
        "seed": encrypt(new_seed()),
    }


def change_by_hand(session: psycopg.Connection, person: Person, kind: str) -> CredentialChange:
    """Make that change, and whatever must be there before. The row that the trigger wrote."""
    if kind in BEFORE:
        session.execute(BEFORE[kind], facts(person))
    assert session.execute(BY_HAND[kind], facts(person)).rowcount >= 1
    person.user.refresh_from_db()
    change = CredentialChange.objects.filter(user=person.user, kind=kind).latest("pk")
    assert change.actor == {"kind": "database"}
    return change
