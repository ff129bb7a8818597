-- What a fulfillment order says of its order, and by which service it goes.

-- When its order was placed: a vendor's orders are listed by it, and a rare vendor's are few among all.
ALTER TABLE fulfillment_orders ADD placed_at timestamptz;
UPDATE fulfillment_orders f SET placed_at = o.placed_at FROM orders o WHERE o.id = f.order_id;
ALTER TABLE fulfillment_orders ALTER placed_at SET NOT NULL;
CREATE INDEX fulfillment_orders_placed ON fulfillment_orders (vendor_id, placed_at DESC, order_id DESC)
    WHERE status NOT IN ('rejected', 'canceled');

-- A faster service than the order's own, and what that costs more, in minor units of the order's currency. NULL: as ordered.
ALTER TABLE fulfillment_orders ADD service text CHECK (length(service) BETWEEN 1 AND 64),
    ADD service_minor bigint CHECK (service_minor >= 0);
