"""Notes as they are written in a browser: names offered by the keyboard alone, photos looked at."""

from __future__ import annotations

import pytest

import workers.job
from app.accounts.people import ensure_user
from app.shared.work import ACCOUNTS, transaction
from tests.journey.axe import violations
from tests.journey.conftest import Site, Visit
from tests.people import PASSWORD
from tests.pictures import photo


@pytest.fixture
def jonas(site: Site) -> None:
    """Somebody who can be named."""
    app = workers.job._app  # noqa: SLF001 - the application that the site serves
    assert app is not None
    with app.app_context(), transaction(ACCOUNTS):
        ensure_user("jonas@example.org", "Jonas Weber", "ops_lead", PASSWORD)


def test_a_name_is_taken_by_the_keyboard_and_a_photo_is_seen(
    site: Site, visit: Visit, signed_in: object, jonas: None
) -> None:
    page = visit(storage_state=signed_in)
    page.goto(site.paths["W-1002"])
    page.get_by_text("Write a note").press("Enter")
    text = page.get_by_label("Note", exact=True)
    text.press_sequentially("Look, @jo")
    assert page.get_by_role("option", selected=True).inner_text().startswith("Jonas Weber")
    text.press("Enter")
    assert text.input_value() == "Look, @Jonas Weber "
    assert page.get_by_role("listbox").count() == 0
    page.get_by_label("Photos").set_input_files(
        {"name": "crack.png", "mimeType": "image/png", "buffer": photo(400, 300, "PNG")}
    )
    assert violations(page) == []

    page.get_by_role("button", name="Write the note").click()

    page.get_by_text("Jonas Weber is told.").wait_for()
    picture = page.get_by_alt_text("crack.jpg, photo with the note of Imani Brooks")
    picture.scroll_into_view_if_needed()
    page.wait_for_function(
        "e => e.complete && e.naturalWidth === 400", arg=picture.element_handle()
    )
    page.locator(".story summary", has_text="Note written").first.press("Enter")
    assert page.get_by_text("note_added").first.is_visible()
    assert violations(page) == []
