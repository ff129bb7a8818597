"""The portal's desk: one vendor's people and its keys."""

from __future__ import annotations

from app.accounts.contract import VENDOR_ROLES
from app.desk.desk import Desk
from app.desk.keys import Keys
from app.desk.notices import Notices
from app.desk.people import People, no_history
from app.portal.page import blueprint, frame, vendor_id
from app.shared.language import later

DESK = Desk(
    face="portal",
    people="team",
    whose=vendor_id,
    frame=frame,
    history=no_history,
    roles=VENDOR_ROLES,
    views={"team": later("People"), "invited": later("Invited"), "off": later("Switched off")},
)
People(DESK).mount(blueprint, "/team")
Keys(DESK).mount(blueprint, "/keys")
Notices(DESK).mount(blueprint, "/notices")
