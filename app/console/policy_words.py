"""What each policy is about and what each of its fields says, in words."""

from __future__ import annotations

from typing import Final

from app.shared.language import later

# Kind -> title, what it decides.
KINDS: Final = {
    "routing": (later("Routing"), later("Which vendor is given a line, and when it moves on.")),
    "promises": (later("Promises"), later("What is promised where nobody says otherwise.")),
    "lanes": (later("Lanes"), later("How long parcels take and what they cost, by way.")),
    "doubts": (later("Doubts"), later("Which orders a person looks at before any vendor.")),
    "watch": (later("Watch"), later("When something is wrong, and when it is critical.")),
    "escalation": (later("Escalation"), later("Who is told, and when, until somebody acts.")),
    "compensation": (later("Compensation"), later("What a late or lost order is worth.")),
    "tracking": (later("Tracking"), later("How often carriers are asked about a parcel.")),
    "messages": (later("Messages"), later("Who is told what, and where the climb's mail goes.")),
    "privacy": (later("Privacy"), later("What vendors see of customers, and for how long.")),
    "papers": (later("Papers"), later("What vendors print and put into parcels.")),
}
# Kept in hundredths, so that one policy serves every currency.
AMOUNT = later("In the order's own currency, like 5.00.")
PERCENT = later("In percent: 100.00 is all of it.")
# Kind -> field -> label, hint.
FIELDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "routing": {
        "strategy": (later("What matters"), later("How vendors are compared with each other.")),
        "split": (later("A further parcel"), AMOUNT),
        "late_day": (later("A day later"), AMOUNT),
        "standing": (later("A vendor that is never on time"), AMOUNT),
        "usual_on_time_bp": (
            later("Usual share on time"),
            later("In percent, like 95.00, until a vendor's own is known."),
        ),
        "review": (later("A vendor under review"), AMOUNT),
        "most_parcels": (later("Most parcels of an order"), later("From 1 to 50.")),
        "need_by": (
            later("The customer's need-by date"),
            later("Insist: a person is asked where nobody can make it. Prefer: late is allowed."),
        ),
        "when_short": (
            later("Units that nobody has"),
            later("Backorder: bought in where a vendor can, else waited for. Person: asked."),
        ),
        "take_back_unconfirmed_hours": (
            later("Taken back after confirm-by"),
            later("Hours. Nothing: it stays with the vendor. Only what others have moves."),
        ),
    },
    "promises": {
        "confirm_within_hours": (
            later("Confirm within"),
            later("Hours from being given the work. Nothing: vendors need not confirm."),
        ),
        "transit_days": (
            later("Days under way"),
            later("Calendar days from hand-over to the door, where no lane says otherwise."),
        ),
        "remind_confirm_hours": (
            later("Remind of confirm-by"),
            later("Hours before it. Nothing: vendors are not reminded."),
        ),
        "remind_ship_hours": (
            later("Remind of ship-by"),
            later("Hours before it. Nothing: vendors are not reminded."),
        ),
        "cancel_unshipped_days": (
            later("Canceled after ship-by"),
            later("Open days of the vendor's place. Nothing: a person ends what never left."),
        ),
        "when_unshipped": (
            later("What never left"),
            later("Cancel: the customer is paid back. Others: those who have all of it send it."),
        ),
    },
    "lanes": {
        "lanes": (
            later("Ways"),
            later(
                "The first that fits counts. From and to a country or *, service or *, days, and"
                " what a parcel and a kilogram cost in hundredths."
            ),
        ),
        "parcel": (later("A parcel where no way fits"), AMOUNT),
        "kilo": (later("A kilogram where no way fits"), AMOUNT),
    },
    "doubts": {
        "most_units": (later("Most units of a line"), later("More of one item are doubtful.")),
        "most_value_minor": (
            later("Most an order is worth"),
            later("Its items, in minor units of its currency. Nothing: anything."),
        ),
        "review_every_order": (
            later("Look at every order"),
            later("Each order waits until a person has released it."),
        ),
        "review_channels": (
            later("Look at these channels"),
            later("Every order of these channels waits for a person. One a line."),
        ),
    },
    "watch": {
        "late_dispatch_critical_hours": (
            later("Late hand-over is critical after"),
            later("Hours after ship-by."),
        ),
        "late_delivery_critical_days": (
            later("Late delivery is critical after"),
            later("Days after deliver-by."),
        ),
        "stalled_days": (later("Stalled after"), later("Days without a scan.")),
        "patience_hours": (
            later("Patience with a silent carrier"),
            later("Hours until its silence counts as lateness."),
        ),
    },
    "escalation": {
        "rungs": (later("Rungs"), later("Hours from the opening, and who is told then.")),
    },
    "compensation": {
        "tiers": (
            later("Tiers"),
            later("From so many days late: shares of freight and items, 10000 is all of it."),
        ),
        "lost_after_days": (later("Lost after"), later("Days after the promise.")),
        "lost_freight_bp": (later("Freight of what is lost"), PERCENT),
        "lost_items_bp": (later("Items of what is lost"), PERCENT),
    },
    "tracking": {
        "every_hours": (later("Ask every"), later("Hours, from 1 to 24.")),
        "out_for_delivery_every_hours": (
            later("Ask on the day of delivery every"),
            later("Hours, from 1 to 24."),
        ),
        "give_up_days": (
            later("Give up after"),
            later("Days without a scan. Nothing: never."),
        ),
    },
    "messages": {
        "customer": (later("Customers are sent"), later("One template a line.")),
        "vendor": (later("Vendors are sent"), later("One template a line.")),
        "ops": (later("Ops are sent"), later("One template a line.")),
        "vendor_together_from": (
            later("One mail to a vendor for so many"),
            later("New work and reminders that are due together. From 2 to 100."),
        ),
        "addresses": (later("Where the climb's mail goes"), later("An address for each level.")),
    },
    "privacy": {
        "vendor_sees_address_days": (
            later("Vendors see where a parcel went"),
            later("Days after its delivery. What they did not send they do not see at all."),
        ),
    },
    "papers": {
        "slip_copies": (later("Copies of the packing slip"), later("1 or 2 for each parcel.")),
        "encloses_receipt": (
            later("A receipt goes into the parcel"),
            later("What the customer paid for this vendor's part. Gifts get none."),
        ),
        "encloses_return_slip": (
            later("A return slip goes into the parcel"),
            later("For what comes back."),
        ),
        "size": (
            later("Printed on"),
            later("Slips, receipts and notes. Label: 4 x 6 inches, on the printer of labels."),
        ),
    },
}
