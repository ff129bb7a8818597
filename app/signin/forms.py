"""What is asked of somebody who signs in."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired, Length


class SignIn(FlaskForm):  # type: ignore[misc]
    """An address and a password; whether they fit is the account's word, not the form's."""

    email = EmailField(
        "E-mail",
        [InputRequired("Enter the e-mail of your account."), Length(max=320)],
    )
    # Argon2 reads all of it: without a limit one request could keep a processor busy.
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=1000)])
    next = HiddenField()
