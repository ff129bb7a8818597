"""How codes look and what they are called: a sign, a tone, and the word.

The words are said where a mark is drawn. A code that is not here, a word of tomorrow, is shown in
plain words with a plain circle, so a new state never breaks a page.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.shared.language import later

Looks = Mapping[str, tuple[str, ...]]

SEVERITIES: Looks = {
    "critical": ("exclamation-octagon-fill", later("Critical")),
    "warning": ("exclamation-triangle-fill", later("Warning")),
    "info": ("info-circle", later("Info")),
}
SEVERITY_TONES = {"critical": "crit", "warning": "warn", "info": "info"}
ORDER_STATUSES: Looks = {
    "received": ("inbox", "mute", later("Received")),
    "routing": ("signpost-split", "accent", later("Routing")),
    "open": ("box-seam", "accent", later("Open")),
    "partly_shipped": ("truck", "accent", later("Partly shipped")),
    "shipped": ("truck", "accent", later("Shipped")),
    "partly_delivered": ("house-check", "accent", later("Partly delivered")),
    "delivered": ("house-check-fill", "good", later("Delivered")),
    "canceled": ("slash-circle", "mute", later("Canceled")),
    "on_hold": ("pause-circle", "mute", later("On hold")),
}
FO_STATUSES: Looks = {
    "assigned": ("inbox", "mute", later("Assigned")),
    "confirmed": ("check-circle", "good", later("Confirmed")),
    "picking": ("upc-scan", "accent", later("Picking")),
    "packed": ("box-seam", "accent", later("Packed")),
    "ready": ("check2-square", "accent", later("Ready")),
    "shipped": ("truck", "accent", later("Shipped")),
    "delivered": ("house-check-fill", "good", later("Delivered")),
    "rejected": ("arrow-return-left", "warn", later("Rejected")),
    "canceled": ("slash-circle", "mute", later("Canceled")),
    "on_hold": ("pause-circle", "mute", later("On hold")),
}
SHIPMENT_STATUSES: Looks = {
    "pending": ("circle", "mute", later("Pending")),
    "info_received": ("tag", "mute", later("Label made")),
    "in_transit": ("truck", "accent", later("In transit")),
    "out_for_delivery": ("geo-alt-fill", "accent", later("Out for delivery")),
    "available_for_pickup": ("mailbox", "info", later("Ready for pickup")),
    "attempt_failed": ("door-closed", "warn", later("Attempt failed")),
    "exception": ("exclamation-triangle-fill", "warn", later("Held by carrier")),
    "delivered": ("house-check-fill", "good", later("Delivered")),
    "returned": ("arrow-return-left", "warn", later("Returned")),
    "lost": ("question-octagon-fill", "crit", later("Lost")),
    "expired": ("hourglass-bottom", "mute", later("Expired")),
}
# Why a parcel is late, as it stands behind its status.
DELAYS: Looks = {
    "weather": ("cloud-snow", "warn", later("delayed by weather")),
    "address": ("geo", "warn", later("address problem")),
    "customs": ("passport", "warn", later("held in customs")),
    "damaged": ("heartbreak-fill", "crit", later("damaged")),
    "recipient_unavailable": ("door-closed", "warn", later("nobody there")),
    "refused": ("arrow-return-left", "warn", later("refused")),
    "carrier_delay": ("stack", "warn", later("delayed by the carrier")),
    "held": ("pause-btn-fill", "warn", later("held")),
    "security": ("shield-lock", "warn", later("security check")),
    "lost": ("question-octagon-fill", "crit", later("reported lost")),
}
EXCEPTION_KINDS: Looks = {
    "unconfirmed": ("question-circle-fill", "warn", later("Unconfirmed")),
    "out_of_stock": ("basket3", "warn", later("Out of stock")),
    "address_problem": ("geo", "warn", later("Address problem")),
    "dispatch_at_risk": ("hourglass-split", "info", later("Dispatch at risk")),
    "late_dispatch": ("alarm-fill", "warn", later("Late dispatch")),
    "no_first_scan": ("upc", "warn", later("No first scan")),
    "stalled": ("pause-btn-fill", "warn", later("Stalled")),
    "carrier_delay": ("cloud-snow", "warn", later("Carrier delay")),
    "delivery_failed": ("door-closed", "warn", later("Delivery failed")),
    "misrouted": ("signpost-split", "warn", later("Misrouted")),
    "wrong_or_missing_item": ("box-seam", "warn", later("Wrong or missing item")),
    "damaged": ("heartbreak-fill", "crit", later("Damaged")),
    "lost": ("question-octagon-fill", "crit", later("Lost parcel")),
    "returned_to_sender": ("arrow-return-left", "crit", later("Returned to sender")),
    "delivery_at_risk": ("calendar-x", "warn", later("Delivery at risk")),
    "late_delivery": ("calendar-x-fill", "warn", later("Late delivery")),
}
OFFER_STATUSES: Looks = {
    "proposed": ("hourglass-split", "warn", later("Waiting for approval")),
    "waiting": ("hourglass-split", "warn", later("Waiting for approval")),
    "approved": ("check-circle", "accent", later("Approved")),
    "offered": ("send", "accent", later("With the customer")),
    "sent": ("send", "accent", later("With the customer")),
    "accepted": ("check-circle-fill", "good", later("Accepted")),
    "paid": ("wallet2", "good", later("Paid")),
    "declined": ("slash-circle", "mute", later("Declined")),
    "rejected": ("slash-circle", "mute", later("Rejected")),
    "expired": ("hourglass-bottom", "mute", later("Expired")),
    "withdrawn": ("arrow-return-left", "mute", later("Withdrawn")),
    "superseded": ("layers", "mute", later("Replaced by a later one")),
}
MESSAGE_STATUSES: Looks = {
    "queued": ("clock", "mute", later("Queued")),
    "sent": ("envelope-check", "good", later("Sent")),
    "failed": ("x-octagon-fill", "crit", later("Failed")),
    "uncertain": ("question-circle-fill", "warn", later("Uncertain")),
    "superseded": ("layers", "mute", later("Superseded")),
}
VENDOR_STATUSES: Looks = {
    "active": ("check-circle", "good", later("Active")),
    "review": ("eye", "warn", later("Under review")),
    "paused": ("pause-circle", "warn", later("Paused")),
    "suspended": ("slash-circle", "warn", later("Suspended")),
    "closed": ("dash-circle", "mute", later("Closed")),
}
# Codes as they stand inside a sentence (`words.small`).
SMALL = (
    # parcels
    later("pending"),
    later("info received"),
    later("in transit"),
    later("out for delivery"),
    later("available for pickup"),
    later("attempt failed"),
    later("exception"),
    later("delivered"),
    later("returned"),
    later("lost"),
    later("expired"),
    # what holds one
    later("damaged"),
    later("refused"),
    later("held"),
    # orders and vendors' parts of them
    later("received"),
    later("open"),
    later("partly shipped"),
    later("shipped"),
    later("partly delivered"),
    later("canceled"),
    later("on hold"),
    later("assigned"),
    later("confirmed"),
    later("picking"),
    later("packed"),
    later("ready"),
    later("rejected"),
    # cases
    later("late dispatch"),
    later("late delivery"),
    later("stalled"),
    later("out of stock"),
    later("critical"),
    later("warning"),
    later("info"),
    # vendors
    later("active"),
    later("review"),
    later("paused"),
    later("suspended"),
    later("closed"),
    # money
    later("authorized"),
    later("captured"),
    later("failed"),
    later("refunded"),
)
