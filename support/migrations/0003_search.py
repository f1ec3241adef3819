"""Indexes for the desk's one search box: beginnings of names, addresses, phone and customer numbers.

`text_pattern_ops` serves LIKE 'beginning%' whatever the database's collation. Addresses, and customer numbers of
people, have such an index from Django already.
"""

from __future__ import annotations

from django.db import migrations

INDEXES = """
CREATE INDEX support_search_name ON accounts_user (lower(full_name) text_pattern_ops) WHERE kind = 'customer';
CREATE INDEX support_search_last_name ON accounts_user (lower(split_part(full_name, ' ', -1)) text_pattern_ops)
    WHERE kind = 'customer';
CREATE INDEX support_search_phone ON accounts_user (phone text_pattern_ops) WHERE kind = 'customer';
CREATE INDEX support_search_former_address ON accounts_formeraddress (email text_pattern_ops);
"""
INDEXES_BACK = """
DROP INDEX support_search_former_address;
DROP INDEX support_search_phone;
DROP INDEX support_search_last_name;
DROP INDEX support_search_name;
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0002_guards")]

    operations = [migrations.RunSQL(INDEXES, INDEXES_BACK)]
