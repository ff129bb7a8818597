"""What is asked of somebody at the door, and of whoever keeps their own account."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.rules import LONGEST, RECOMMENDED, SHORTEST
from app.web.forms import address, called

LENGTHS = f"At least {SHORTEST} characters; {RECOMMENDED} or more are better. A sentence will do."


class CodeField(StringField):  # type: ignore[misc]
    """A code of an app or of recovery; it is good once, so it is never shown again."""

    def _value(self) -> str:
        return ""


def _secret(label: str, missing: str, **words: str) -> PasswordField:
    # Argon2 reads all of it: without a limit one request could keep a processor busy.
    limit = Length(max=LONGEST, message=f"Use at most {LONGEST:,} characters.")
    return PasswordField(label, [InputRequired(missing), limit], **words)


def _new_password(label: str = "New password") -> PasswordField:
    return _secret(label, "Choose a password.", description=LENGTHS)


def _code(label: str = "Code") -> CodeField:
    # A recovery code has 23 characters with its dashes; some write spaces around them.
    limit = Length(max=40, message="No code is that long.")
    return CodeField(label, [DataRequired("Enter the code."), limit])


class SignIn(FlaskForm):  # type: ignore[misc]
    """An address and a password; whether they fit is the account's word, not the form's."""

    email = EmailField(
        "E-mail",
        [InputRequired("Enter the e-mail of your account."), Length(max=320)],
    )
    password = _secret("Password", "Enter your password.")
    next = HiddenField()


class Code(FlaskForm):  # type: ignore[misc]
    """The second factor."""

    code = _code()
    next = HiddenField()


class Confirm(FlaskForm):  # type: ignore[misc]
    """The password again, and a code from whoever has an app for them."""

    password = _secret("Password", "Enter your password.")
    code = _code()
    next = HiddenField()


class AskReset(FlaskForm):  # type: ignore[misc]
    """Where a link for a new password goes."""

    email = address("E-mail", "Enter the e-mail of your account.")


class NewPassword(FlaskForm):  # type: ignore[misc]
    """A password in place of one that was forgotten."""

    password = _new_password()


class Accept(FlaskForm):  # type: ignore[misc]
    """Who accepts an invitation."""

    name = called("Your name", "Enter your name.", description="As others will see it.")
    password = _new_password("Choose a password")


class Follow(FlaskForm):  # type: ignore[misc]
    """Nothing but the wish to follow a link: looking at it changes nothing."""


class Name(FlaskForm):  # type: ignore[misc]
    """How somebody is called."""

    name = called("Name", "Enter your name.")


class Email(FlaskForm):  # type: ignore[misc]
    """Another address to sign in with."""

    email = address("New e-mail", "Enter your new e-mail.")


class ChangePassword(FlaskForm):  # type: ignore[misc]
    """The password that is, and the one to be."""

    current = _secret("Current password", "Enter your current password.")
    password = _new_password()
    end_others = BooleanField("Sign me out everywhere else", default=True)


class Enrol(FlaskForm):  # type: ignore[misc]
    """The first code of a new app: it shows that app and clock agree."""

    code = _code("Code from the app")


class Passkey(FlaskForm):  # type: ignore[misc]
    """What a passkey is called in the list of them."""

    name = called("Name", "Give the passkey a name.", longest=60)
