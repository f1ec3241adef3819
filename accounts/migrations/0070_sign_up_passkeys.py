"""A sign-up may keep a passkey in the place of an authenticator app, until the account opens."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0063_refused_guesses")]

    operations = [
        migrations.AddField(model_name="signup", name="passkey", field=models.JSONField(null=True)),
    ]
