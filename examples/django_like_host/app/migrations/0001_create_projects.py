"""The application's own table."""

from __future__ import annotations

from django.db import migrations, models

from ..models import new_id


class Migration(migrations.Migration):
    """As `django makemigrations` wrote it."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Project",
            fields=[
                (
                    "id",
                    models.CharField(default=new_id, max_length=36, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("owner", models.CharField(max_length=100)),
                ("agent_id", models.CharField(default=new_id, max_length=36)),
                ("summary", models.TextField(default="")),
            ],
            options={"db_table": "projects"},
        ),
    ]
