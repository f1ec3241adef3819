"""A device with a push token is told of everything, and for 72 hours after somebody else has signed it out.

Whoever takes an account over signs the owner's phone out with the first change: that phone must hear of it, and of what
comes next. A phone that its owner signed out on the phone itself is told nothing more.
"""

from django.db import migrations

TARGETS = """
CREATE OR REPLACE FUNCTION accounts_notice_targets(p_user bigint) RETURNS TABLE (channel text, address text)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT 'email', email::text FROM accounts_user WHERE id = p_user
    UNION SELECT 'email', email::text FROM accounts_noticeaddress WHERE user_id = p_user
    UNION SELECT 'email', email::text FROM accounts_formeraddress WHERE user_id = p_user AND told_until > now()
    UNION SELECT 'sms', phone::text FROM accounts_user WHERE id = p_user AND phone IS NOT NULL
    UNION SELECT 'push', 'device:' || d.public_id FROM accounts_apidevice d
        JOIN accounts_pushtoken t ON t.device_id = d.id
        WHERE d.user_id = p_user AND (
            d.revoked_at IS NULL OR d.revoked_at > now() - interval '72 hours' AND d.revoked_why <> 'signed_out')
$$;
"""
TARGETS_BACK = """
CREATE OR REPLACE FUNCTION accounts_notice_targets(p_user bigint) RETURNS TABLE (channel text, address text)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT 'email', email::text FROM accounts_user WHERE id = p_user
    UNION SELECT 'email', email::text FROM accounts_noticeaddress WHERE user_id = p_user
    UNION SELECT 'email', email::text FROM accounts_formeraddress WHERE user_id = p_user AND told_until > now()
    UNION SELECT 'sms', phone::text FROM accounts_user WHERE id = p_user AND phone IS NOT NULL
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0060_push_tokens")]

    operations = [migrations.RunSQL(TARGETS, TARGETS_BACK)]
