"""Where a pulled switch holds: in the transaction that would do it, whoever writes.

Each trigger asks `switches_require`, which lets in-flight work finish before a pull commits and nothing after it. What
protects is never stopped: freezing, undoing, signing out, cancelling an authorization, crediting what was charged.
"""

from __future__ import annotations

from django.db import migrations

MONEY = """
-- For what a single switch stops: the trigger names it.
CREATE FUNCTION support_switched() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM switches_require(TG_ARGV[0]);
    RETURN NEW;
END $$;

CREATE FUNCTION support_switch_money() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM switches_require(CASE NEW.kind WHEN 'payment' THEN 'spending' WHEN 'send' THEN 'sending' ELSE 'refunds' END);
    RETURN NEW;
END $$;
CREATE TRIGGER switched BEFORE INSERT ON payments_journal
    FOR EACH ROW WHEN (NEW.kind IN ('payment', 'send', 'refund')) EXECUTE FUNCTION support_switch_money();
CREATE TRIGGER switched BEFORE INSERT ON payments_hold
    FOR EACH ROW EXECUTE FUNCTION support_switched('spending');

-- Whether a charge may begin. One that was made is credited whatever is pulled: the card has paid for it.
CREATE FUNCTION support_switch_top_up() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM switches_require('top_up');
    PERFORM switches_require('processor_' || (SELECT processor FROM payments_card WHERE id = NEW.card_id));
    RETURN NEW;
END $$;
CREATE TRIGGER switched BEFORE INSERT ON payments_topup FOR EACH ROW EXECUTE FUNCTION support_switch_top_up();

CREATE FUNCTION support_switch_card() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM switches_require('card_linking');
    PERFORM switches_require('processor_' || NEW.processor);
    RETURN NEW;
END $$;
CREATE TRIGGER switched BEFORE INSERT ON payments_cardlinking FOR EACH ROW EXECUTE FUNCTION support_switch_card();
CREATE TRIGGER switched BEFORE INSERT ON payments_card FOR EACH ROW EXECUTE FUNCTION support_switch_card();
"""
MONEY_BACK = """
DROP TRIGGER switched ON payments_card;
DROP TRIGGER switched ON payments_cardlinking;
DROP FUNCTION support_switch_card();
DROP TRIGGER switched ON payments_topup;
DROP FUNCTION support_switch_top_up();
DROP TRIGGER switched ON payments_hold;
DROP TRIGGER switched ON payments_journal;
DROP FUNCTION support_switch_money();
DROP FUNCTION support_switched();
"""

ACCOUNTS = """
CREATE TRIGGER switched BEFORE INSERT ON accounts_signup FOR EACH ROW EXECUTE FUNCTION support_switched('sign_up');
CREATE TRIGGER switched BEFORE INSERT ON accounts_user
    FOR EACH ROW WHEN (NEW.kind = 'customer') EXECUTE FUNCTION support_switched('sign_up');
CREATE TRIGGER switched BEFORE INSERT ON accounts_passwordreset
    FOR EACH ROW EXECUTE FUNCTION support_switched('password_reset');
CREATE TRIGGER switched BEFORE INSERT ON accounts_contactchange
    FOR EACH ROW EXECUTE FUNCTION support_switched('credential_changes');
-- A customer's own change. An undo, a reset and the desk's recovery act as somebody else and go on.
CREATE TRIGGER switched BEFORE INSERT ON accounts_credentialchange
    FOR EACH ROW WHEN (NEW.actor ->> 'kind' = 'customer' AND NEW.kind NOT IN (
        'password_rehashed', 'recovery_code_used', 'api_device_added', 'api_device_removed', 'account_deactivated'))
    EXECUTE FUNCTION support_switched('credential_changes');
CREATE TRIGGER switched BEFORE INSERT ON accounts_refreshtoken
    FOR EACH ROW EXECUTE FUNCTION support_switched('sign_in');

-- Known: this account has signed in before from such a device and from that block of networks
-- (`accounts.familiarity`). The first sign-in of all is the end of signing up.
CREATE FUNCTION support_switch_sign_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    block cidr := network(set_masklen(NEW.network, CASE family(NEW.network) WHEN 4 THEN 24 ELSE 48 END));
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_user WHERE id = NEW.user_id AND kind = 'customer') THEN
        RETURN NEW;
    END IF;
    PERFORM switches_require('sign_in');
    IF (EXISTS (SELECT FROM accounts_signin s WHERE s.user_id = NEW.user_id)
        OR EXISTS (SELECT FROM accounts_apidevice d WHERE d.user_id = NEW.user_id))
       AND NOT (
        EXISTS (SELECT FROM accounts_signin s WHERE s.user_id = NEW.user_id AND s.device = NEW.device AND s.device <> '')
        AND (EXISTS (SELECT FROM accounts_signin s WHERE s.user_id = NEW.user_id AND s.network <<= block)
             OR EXISTS (SELECT FROM accounts_apidevice d WHERE d.user_id = NEW.user_id AND d.network <<= block))) THEN
        PERFORM switches_require('sign_in_unknown');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER switched BEFORE INSERT ON accounts_signin FOR EACH ROW EXECUTE FUNCTION support_switch_sign_in();
-- An app that signs in again goes on as the device that it was: a new row is a device nobody knows.
CREATE TRIGGER switched BEFORE INSERT ON accounts_apidevice
    FOR EACH ROW EXECUTE FUNCTION support_switched('sign_in_unknown');
"""
ACCOUNTS_BACK = """
DROP TRIGGER switched ON accounts_apidevice;
DROP TRIGGER switched ON accounts_signin;
DROP FUNCTION support_switch_sign_in();
DROP TRIGGER switched ON accounts_refreshtoken;
DROP TRIGGER switched ON accounts_credentialchange;
DROP TRIGGER switched ON accounts_contactchange;
DROP TRIGGER switched ON accounts_passwordreset;
DROP TRIGGER switched ON accounts_user;
DROP TRIGGER switched ON accounts_signup;
"""

# Pulling takes one, releasing two (KK302): the desk's approval of this very switch, decided by who acts, used once.
RELEASES = """
CREATE FUNCTION support_guard_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a
        WHERE a.id = NEW.approval_id AND a.kind = 'release_switch' AND a.subject_id = NEW.switch_id
          AND a.state = 'approved'
          AND a.decided_by_id = (nullif(current_setting('kakehashi.actor', true), '')::jsonb ->> 'user_id')::bigint
    ) THEN
        RAISE EXCEPTION 'a switch is released by two members of staff' USING ERRCODE = 'KK302';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE INSERT ON switches_flip
    FOR EACH ROW WHEN (NOT NEW.is_pulled) EXECUTE FUNCTION support_guard_release();
"""
RELEASES_BACK = """
DROP TRIGGER takes_two ON switches_flip;
DROP FUNCTION support_guard_release();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0044_six_roles"),
        ("payments", "0030_risk_decisions"),
        ("accounts", "0026_lock_requests"),
        ("switches", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(MONEY, MONEY_BACK),
        migrations.RunSQL(ACCOUNTS, ACCOUNTS_BACK),
        migrations.RunSQL(RELEASES, RELEASES_BACK),
    ]
