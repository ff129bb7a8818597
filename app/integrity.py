"""The invariants of the domain as SQL: each query finds what breaks one, so none may find a row.

They read every table on purpose and stand above all features: this is the oracle, not the product.
Each adds up a whole table once: looking up the parts of every row by itself takes hours.
"""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db

INVARIANTS: dict[str, str] = {
    "1 a line's units are unrouted, called off, or with a fulfillment order": """
        SELECT l.id FROM order_lines l LEFT JOIN (SELECT order_line_id,
            sum(ordered - declined - canceled) AS given, sum(canceled) AS canceled
            FROM fo_lines GROUP BY 1) f ON f.order_line_id = l.id
        WHERE l.quantity <> l.unrouted + l.canceled + coalesce(f.given, 0)
            OR l.canceled < coalesce(f.canceled, 0)""",
    "2 reserved is what open lines hold": """
        SELECT s.listing_id FROM stock s LEFT JOIN (SELECT listing_id, sum(quantity) AS held
            FROM reservations GROUP BY 1) r ON r.listing_id = s.listing_id
        WHERE s.reserved <> coalesce(r.held, 0) OR s.reserved NOT BETWEEN 0 AND s.on_hand""",
    "2 a line holds what it still has to ship": """
        SELECT l.id FROM fo_lines l LEFT JOIN reservations r ON r.fo_line_id = l.id
        WHERE coalesce(r.quantity, 0) <> CASE WHEN l.is_bought_in THEN 0
            ELSE l.ordered - l.declined - l.canceled - l.shipped END""",
    "3 what has shipped lies in parcels": """
        SELECT l.id FROM fo_lines l LEFT JOIN (SELECT fo_line_id, sum(quantity) AS packed
            FROM shipment_lines GROUP BY 1) s ON s.fo_line_id = l.id
        WHERE l.shipped <> coalesce(s.packed, 0)""",
    "3 nothing is shipped without a parcel": """
        SELECT id FROM fulfillment_orders fo WHERE status IN ('shipped', 'delivered')
            AND NOT EXISTS (SELECT FROM shipments s WHERE s.fo_id = fo.id)""",
    "3 no parcel is empty": """
        SELECT id FROM shipments s
        WHERE NOT EXISTS (SELECT FROM shipment_lines l WHERE l.shipment_id = s.id)""",
    "3 what is packed lies in packages, where there are any": """
        SELECT l.id FROM fo_lines l
            JOIN (SELECT DISTINCT fo_id FROM packages) p ON p.fo_id = l.fo_id
            LEFT JOIN (SELECT fo_line_id, sum(quantity) AS held FROM package_lines GROUP BY 1) h
                ON h.fo_line_id = l.id
            LEFT JOIN (SELECT DISTINCT s.fo_id FROM shipments s
                LEFT JOIN packages p ON p.shipment_id = s.id WHERE p.id IS NULL) loose
                ON loose.fo_id = l.fo_id
        WHERE coalesce(h.held, 0) > l.packed
            OR (loose.fo_id IS NULL AND coalesce(h.held, 0) < l.packed)""",
    "4 one open case a subject and kind": """
        SELECT subject_id FROM exception_cases WHERE closed_at IS NULL
        GROUP BY subject_id, kind HAVING count(*) > 1""",
    "4 a critical case has its escalation within its time": """
        SELECT c.id FROM exception_cases c LEFT JOIN escalations e ON e.case_id = c.id
            LEFT JOIN checks k ON k.subject_id = c.id AND k.watcher = 'escalate'
        WHERE c.critical_at IS NOT NULL AND e.id IS NULL AND k.subject_id IS NULL""",
    "5 one message a cause": """
        SELECT order_id FROM notifications GROUP BY order_id, dedupe_key HAVING count(*) > 1""",
    "6 one live offer an order": """
        SELECT order_id FROM compensation_offers WHERE status <> 'withdrawn'
        GROUP BY order_id HAVING count(*) > 1""",
    "6 no more is given back than was taken": """
        SELECT order_id FROM payments WHERE refunded_minor + pending_minor > captured_minor""",
    "6 the sums are the ledger's": """
        SELECT p.order_id FROM payments p LEFT JOIN (SELECT order_id, sum(amount_minor) AS captured
            FROM ledger WHERE kind = 'captured' GROUP BY 1) l ON l.order_id = p.order_id
        WHERE p.captured_minor <> coalesce(l.captured, 0)""",
    "6 what is to be paid back stands in the ledger": """
        SELECT p.order_id FROM payments p LEFT JOIN (SELECT order_id, sum(amount_minor) AS due
            FROM ledger WHERE kind = 'refund_due' GROUP BY 1) l ON l.order_id = p.order_id
        WHERE p.pending_minor > coalesce(l.due, 0)""",
    "7 an order's parts belong to whom their fulfillment order belongs": """
        SELECT l.id FROM fo_lines l JOIN fulfillment_orders fo ON fo.id = l.fo_id
        WHERE (l.vendor_id, l.order_id) <> (fo.vendor_id, fo.order_id)
        UNION ALL SELECT s.id FROM shipments s JOIN fulfillment_orders fo ON fo.id = s.fo_id
        WHERE (s.vendor_id, s.order_id) <> (fo.vendor_id, fo.order_id)""",
    "7 an order knows whether a part of it is on hold": """
        SELECT id FROM orders o WHERE has_part_on_hold <> EXISTS (SELECT FROM fulfillment_orders fo
            WHERE fo.order_id = o.id AND fo.status = 'on_hold')""",
    "8 every order's timeline tells of its beginning": """
        SELECT id FROM orders o WHERE NOT EXISTS (SELECT FROM timeline t
            WHERE t.order_id = o.id AND t.cohort = o.cohort AND t.event = 'order_placed')""",
    "8 every timeline belongs to an order": """
        SELECT order_id FROM timeline t WHERE NOT EXISTS
            (SELECT FROM orders o WHERE o.id = t.order_id)""",
    "9 what is not routed is looked at": """
        SELECT l.order_id FROM order_lines l WHERE l.unrouted > 0
            AND NOT EXISTS (SELECT FROM checks c
            WHERE c.subject_id = l.order_id AND c.watcher = 'route_orders')
            AND NOT EXISTS (SELECT FROM orders o
            WHERE o.id = l.order_id AND o.held_since IS NOT NULL)""",
    "9 an order is held while a doubt about it is open": """
        SELECT o.id FROM orders o WHERE (o.held_since IS NOT NULL) <> EXISTS
            (SELECT FROM order_holds h WHERE h.order_id = o.id AND h.released_at IS NULL)""",
    "9 what has not arrived is watched": """
        SELECT o.id FROM orders o WHERE o.deliver_by IS NOT NULL
            AND o.status NOT IN ('delivered', 'canceled')
            AND NOT EXISTS (SELECT FROM checks c WHERE c.subject_id = o.id AND c.watcher = 'watch')
            AND NOT EXISTS (SELECT FROM exception_cases e WHERE e.subject_id = o.id
                AND e.kind = 'late_delivery' AND e.severity = 'critical')""",
    "9 no dead work without a dead letter": """
        SELECT id FROM notifications n WHERE status IN ('failed', 'uncertain') AND NOT EXISTS
            (SELECT FROM dead_letters d WHERE d.subject = 'notification ' || n.id)""",
}


def broken_invariants() -> list[tuple[str, int, str]]:
    """Return every broken invariant with how often it is broken and one example."""
    broken = []
    # The whole of a large marketplace takes longer than any page may.
    db.session.execute(text("SET LOCAL statement_timeout = '10min'"))
    for name, query in INVARIANTS.items():
        rows = db.session.execute(text(f"SELECT * FROM ({query}) b LIMIT 1000")).all()
        if rows:
            broken.append((name, len(rows), str(rows[0][0])))
    return broken
