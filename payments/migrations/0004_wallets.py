"""Accounts open by themselves: a wallet with each customer, payables with each merchant, the portal's own ones here.

And the wallet knows the freezes: a suspension writes them onto the wallet's row, under the lock that every movement
of money takes. When the suspension's transaction has committed, nothing leaves any more.
"""

from __future__ import annotations

from django.conf import settings
from django.db import migrations

# Hot accounts are 16 plain accounts; which one a movement takes is told by the other side's id.
STRIPES = """
CREATE FUNCTION ledger_stripes(p_kind text) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_kind IN ('merchant_payable', 'processor_settlement', 'card_clearing') THEN 16
        ELSE 1
    END::smallint
$$;

CREATE FUNCTION ledger_own_account(p_kind text, p_currency text, p_other_side bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT id FROM payments_account
    WHERE kind = p_kind AND currency = p_currency AND stripe = p_other_side % ledger_stripes(p_kind)
      AND owner_id IS NULL AND merchant_id IS NULL
$$;

CREATE FUNCTION ledger_payable_account(p_merchant bigint, p_currency text, p_other_side bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT id FROM payments_account
    WHERE kind = 'merchant_payable' AND currency = p_currency AND merchant_id = p_merchant AND owner_id IS NULL
      AND stripe = p_other_side % ledger_stripes('merchant_payable')
$$;

CREATE FUNCTION ledger_wallet_of(p_customer bigint, p_currency text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT id FROM payments_account
    WHERE kind = 'wallet' AND currency = p_currency AND stripe = 0 AND owner_id = p_customer AND merchant_id IS NULL
$$;
"""
STRIPES_BACK = """
DROP FUNCTION ledger_wallet_of(bigint, text);
DROP FUNCTION ledger_payable_account(bigint, text, bigint);
DROP FUNCTION ledger_own_account(text, text, bigint);
DROP FUNCTION ledger_stripes(text);
"""

OWN_ACCOUNTS = """
INSERT INTO payments_account (kind, currency, stripe)
SELECT kind, 'JPY', stripe
FROM unnest(ARRAY['card_clearing', 'processor_settlement', 'fees', 'goodwill', 'fraud_loss', 'suspense']) AS kind,
     generate_series(0, ledger_stripes(kind) - 1) AS stripe;
"""

WALLETS_OPEN = """
CREATE FUNCTION ledger_open_wallet() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payments_account (kind, currency, floor, owner_id) VALUES ('wallet', 'JPY', 0, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER opens_wallet AFTER INSERT ON accounts_user
    FOR EACH ROW WHEN (NEW.kind = 'customer') EXECUTE FUNCTION ledger_open_wallet();

CREATE FUNCTION ledger_open_payables() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payments_account (kind, currency, stripe, merchant_id)
    SELECT 'merchant_payable', 'JPY', stripe, NEW.id
    FROM generate_series(0, ledger_stripes('merchant_payable') - 1) AS stripe;
    RETURN NULL;
END $$;
CREATE TRIGGER opens_payables AFTER INSERT ON payments_merchant
    FOR EACH ROW EXECUTE FUNCTION ledger_open_payables();
"""
WALLETS_OPEN_BACK = """
DROP TRIGGER opens_payables ON payments_merchant;
DROP TRIGGER opens_wallet ON accounts_user;
DROP FUNCTION ledger_open_payables();
DROP FUNCTION ledger_open_wallet();
"""

# The wallet is locked before the suspensions are read: two that come at once would else each see only themselves.
# "Until lifted" is the end of the year 9999, as Python cannot read an infinite moment. A suspension that begins later
# freezes at once: no clock wakes a trigger, and too early is the safe side.
FREEZES = """
CREATE FUNCTION ledger_freeze_wallet() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    customer bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
BEGIN
    PERFORM FROM payments_account WHERE owner_id = customer AND kind = 'wallet' ORDER BY id FOR NO KEY UPDATE;
    UPDATE payments_account SET (spend_frozen_until, send_frozen_until, topup_frozen_until) = (
        SELECT max(coalesce(s.ends_at, '9999-12-31 00:00+00')) FILTER (WHERE s.scope IN ('spending', 'all')),
               max(coalesce(s.ends_at, '9999-12-31 00:00+00')) FILTER (WHERE s.scope IN ('sending', 'all')),
               max(coalesce(s.ends_at, '9999-12-31 00:00+00')) FILTER (WHERE s.scope IN ('top_up', 'all'))
        FROM accounts_suspension s WHERE s.user_id = customer AND s.lifted_at IS NULL
    )
    WHERE owner_id = customer AND kind = 'wallet';
    RETURN NULL;
END $$;
CREATE TRIGGER freezes_wallet AFTER INSERT OR UPDATE OR DELETE ON accounts_suspension
    FOR EACH ROW EXECUTE FUNCTION ledger_freeze_wallet();
"""
FREEZES_BACK = """
DROP TRIGGER freezes_wallet ON accounts_suspension;
DROP FUNCTION ledger_freeze_wallet();
"""

# The application may not lock the books' rows itself. What it decides about a wallet (limits on top-ups that are
# still on their way) it decides while holding this lock, which ends with its transaction.
LOCK = """
CREATE FUNCTION ledger_lock_wallet(
    p_customer bigint, p_currency text,
    OUT wallet bigint, OUT balance bigint, OUT held bigint,
    OUT spending_frozen boolean, OUT sending_frozen boolean, OUT top_up_frozen boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account payments_account;
BEGIN
    SELECT * INTO account FROM payments_account WHERE id = ledger_wallet_of(p_customer, p_currency)
        FOR NO KEY UPDATE;
    IF account.id IS NULL THEN
        RAISE EXCEPTION 'unknown account' USING ERRCODE = 'KK002';
    END IF;
    wallet := account.id;
    balance := account.balance;
    held := account.held;
    spending_frozen := coalesce(account.spend_frozen_until > clock_timestamp(), false);
    sending_frozen := coalesce(account.send_frozen_until > clock_timestamp(), false);
    top_up_frozen := coalesce(account.topup_frozen_until > clock_timestamp(), false);
END $$;

CREATE FUNCTION ledger_post_top_up(
    p_event_key text, p_reference text, p_wallet bigint, p_currency text, p_amount bigint,
    OUT posted_journal bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT * INTO posted_journal, is_repeat FROM ledger_post(
        p_event_key, 'top_up', p_reference,
        ledger_own_account('processor_settlement', p_currency, p_wallet), p_wallet, p_amount);
END $$;
"""
LOCK_BACK = """
DROP FUNCTION ledger_post_top_up(text, text, bigint, text, bigint);
DROP FUNCTION ledger_lock_wallet(bigint, text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0003_posting"),
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(STRIPES, STRIPES_BACK),
        migrations.RunSQL(OWN_ACCOUNTS, migrations.RunSQL.noop),
        migrations.RunSQL(WALLETS_OPEN, WALLETS_OPEN_BACK),
        migrations.RunSQL(FREEZES, FREEZES_BACK),
        migrations.RunSQL(LOCK, LOCK_BACK),
    ]
