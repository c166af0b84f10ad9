"""Kavach's tables, as `kavach schema sql --provider postgresql` printed them into kavach.sql."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

STATEMENTS = Path(__file__).with_name("kavach.sql").read_text()


class Migration(migrations.Migration):
    """Plain SQL: Django knows nothing of these tables."""

    dependencies = [("app", "0001_create_projects")]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
