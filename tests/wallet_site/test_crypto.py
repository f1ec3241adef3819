"""Secrets lie encrypted, keys rotate, digests differ by purpose."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, InvalidToken

from wallet_site import crypto


def test_an_old_key_still_reads_and_the_new_one_writes(settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    written = crypto.encrypt("JBSWY3DPEHPK3PXP")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert crypto.decrypt(written) == "JBSWY3DPEHPK3PXP"
    rewritten = crypto.encrypt("JBSWY3DPEHPK3PXP")
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert crypto.decrypt(rewritten) == "JBSWY3DPEHPK3PXP"
    with pytest.raises(InvalidToken):
        crypto.decrypt(written)


def test_a_changed_bit_is_noticed() -> None:
    written = crypto.encrypt("secret")
    middle = len(written) // 2
    changed = written[:middle] + ("A" if written[middle] != "A" else "B") + written[middle + 1 :]
    with pytest.raises(InvalidToken):
        crypto.decrypt(changed)


def test_one_value_has_another_digest_for_each_purpose_and_pepper(settings) -> None:
    first = crypto.digest("token", "session")
    assert first != crypto.digest("token", "recovery-code")
    settings.LOOKUP_KEY = "another-pepper"
    assert first != crypto.digest("token", "session")


def test_a_token_holds_the_bits_it_says() -> None:
    assert len(crypto.new_token(256)) >= 43
    assert crypto.new_token() != crypto.new_token()
