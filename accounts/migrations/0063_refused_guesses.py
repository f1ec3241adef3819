from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0062_notice_preferences")]

    operations = [
        migrations.AddField(
            model_name="factorguesses",
            name="refused_in_window",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
