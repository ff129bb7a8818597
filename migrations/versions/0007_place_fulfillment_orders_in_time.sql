-- What a fulfillment order says of its order, and by which service it goes.

-- When its order was placed: a vendor's orders are listed by it, and a rare vendor's are few among all.
ALTER TABLE fulfillment_orders ADD placed_at timestamptz;
-- And by which service the order asks to be sent, as its vendor reads it.
ALTER TABLE fulfillment_orders ADD ordered_service text NOT NULL DEFAULT 'standard';
UPDATE fulfillment_orders f SET placed_at = o.placed_at, ordered_service = coalesce(o.shipping->>'service', 'standard')
    FROM orders o WHERE o.id = f.order_id;
ALTER TABLE fulfillment_orders ALTER placed_at SET NOT NULL;
CREATE INDEX fulfillment_orders_placed ON fulfillment_orders (vendor_id, placed_at DESC, order_id DESC)
    WHERE status NOT IN ('rejected', 'canceled');
-- It never differs from its order's. PostgreSQL takes the two columns for one by this key, and so knows how many rows a
-- vendor and its orders have together: without it, it would think of none.
DROP INDEX orders_placed;
CREATE UNIQUE INDEX orders_placed ON orders (placed_at, id);
ALTER TABLE fulfillment_orders DROP CONSTRAINT fulfillment_orders_order_id_fkey,
    ADD FOREIGN KEY (order_id, placed_at) REFERENCES orders (id, placed_at);

-- The walks that are under way, of all there ever were.
CREATE INDEX fulfillment_orders_walked ON fulfillment_orders (vendor_id, wave_id)
    WHERE wave_id IS NOT NULL AND status IN ('confirmed', 'picking');

-- A faster service than the order's own, and what that costs more, in minor units of the order's currency. NULL: as ordered.
ALTER TABLE fulfillment_orders ADD service text CHECK (length(service) BETWEEN 1 AND 64),
    ADD service_minor bigint CHECK (service_minor >= 0), ADD CHECK ((service IS NULL) = (service_minor IS NULL));

-- By which of them its fulfillment order went when a label was made: after a change it is another's. NULL: as ordered.
ALTER TABLE labels ADD made_for text;

-- A vendor's own stock, looked over and counted ----------------------------------------------------------------------------
-- As words are sought: in a vendor's scope an index serves only what is compared without a function (row-level security).
ALTER TABLE listings
    ADD title_sought text NOT NULL GENERATED ALWAYS AS (lower(title)) STORED,
    ADD own_code_sought text GENERATED ALWAYS AS (upper(own_code)) STORED;
CREATE INDEX listings_title_sought ON listings (vendor_id, title_sought text_pattern_ops);
CREATE INDEX listings_own_code_sought ON listings (vendor_id, own_code_sought text_pattern_ops) WHERE own_code_sought IS NOT NULL;
CREATE INDEX listings_inactive ON listings (vendor_id, sku text_pattern_ops) WHERE NOT is_active;
-- Few or none are free. A column of its own: it changes seldom, so that an index on it leaves most reservations alone.
ALTER TABLE stock ADD is_few boolean NOT NULL GENERATED ALWAYS AS (on_hand - reserved <= 5) STORED;
CREATE INDEX stock_few ON stock (vendor_id, listing_id) WHERE is_few;

-- How many units of what a vendor sells are waited for, of all of it or of some SKUs. A vendor reads no orders: it learns
-- numbers alone, and none of orders that are held or meant for somebody else.
CREATE FUNCTION waited_for(skus text[]) RETURNS TABLE (sku text, units bigint, orders bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT x.sku, sum(x.unrouted), count(DISTINCT x.order_id)
    FROM order_lines x JOIN orders o ON o.id = x.order_id
    WHERE x.unrouted > 0 AND o.held_since IS NULL AND (waited_for.skus IS NULL OR x.sku = ANY (waited_for.skus))
        AND EXISTS (SELECT FROM listings l JOIN vendors v ON v.id = l.vendor_id WHERE l.sku = x.sku
            AND v.id = nullif(current_setting('onward.vendor_id', true), '')::uuid AND (x.vendor IS NULL OR x.vendor = v.code))
    GROUP BY x.sku
$$;
REVOKE EXECUTE ON FUNCTION waited_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waited_for TO onward_vendor;

-- A number that two vendors claim: whose work was refused one that another vendor's parcel has. Vendors have no grant.
CREATE TABLE number_claims (
    id uuid PRIMARY KEY, fo_id uuid NOT NULL REFERENCES fulfillment_orders, carrier text NOT NULL, tracking_number text NOT NULL,
    claimed_at timestamptz NOT NULL, claimed_by text NOT NULL, settled_at timestamptz, settled_by text,
    is_kept boolean NOT NULL DEFAULT false,
    UNIQUE (fo_id, carrier, tracking_number), CHECK ((settled_at IS NULL) = (settled_by IS NULL)));
CREATE INDEX number_claims_open ON number_claims (claimed_at, id) WHERE settled_at IS NULL;
CREATE INDEX number_claims_number ON number_claims (tracking_number) WHERE settled_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON number_claims TO onward_ops, onward_worker;

-- What never left --------------------------------------------------------------------------------------------------------
-- When it ends unless its vendor hands it over, as that was told; and when it ended because it was not. NULL: neither.
ALTER TABLE fulfillment_orders ADD cancel_at timestamptz, ADD lapsed_at timestamptz;
CREATE INDEX fulfillment_orders_ending ON fulfillment_orders (order_id) WHERE cancel_at IS NOT NULL;

-- Photos of packed parcels -----------------------------------------------------------------------------------------------
-- A photo is with a note, or shows a package: who took it and when stands beside it then.
ALTER TABLE photos ALTER note_id DROP NOT NULL, ADD package_id uuid REFERENCES packages ON DELETE CASCADE,
    ADD taken_at timestamptz, ADD taken_by text, ADD CHECK ((note_id IS NULL) <> (package_id IS NULL)),
    ADD CHECK ((package_id IS NULL) = (taken_at IS NULL)), ADD CHECK ((taken_at IS NULL) = (taken_by IS NULL));
CREATE INDEX photos_package ON photos (package_id) WHERE package_id IS NOT NULL;
