-- A vendor's day: told, confirmed, picked, packed, labeled, handed over. V: carries vendor_id and row-level security.

-- Where goods lie, and what is printed on them ---------------------------------------------------------------------------
ALTER TABLE listings
    ADD bin text CHECK (length(bin) BETWEEN 1 AND 40),
    -- what the vendor's own labels say, where that is not the SKU
    ADD own_code text CHECK (length(own_code) BETWEEN 1 AND 80);
CREATE INDEX listings_own_code ON listings (vendor_id, upper(own_code)) WHERE own_code IS NOT NULL;

-- A vendor's word --------------------------------------------------------------------------------------------------------
ALTER TABLE fulfillment_orders
    -- why units were declined, as one of our codes; decline_reason has the words
    ADD decline_code text CHECK (decline_code ~ '^[a-z_]+$'),
    -- the vendor has said that it has the units at hand, and the day on which it means to hand them over
    ADD has_attested boolean NOT NULL DEFAULT false, ADD ship_on date,
    -- what whoever packed has ticked: [{code, by, at}]
    ADD ticks jsonb NOT NULL DEFAULT '[]', ADD wave_id uuid;
CREATE INDEX fulfillment_orders_wave ON fulfillment_orders (wave_id) WHERE wave_id IS NOT NULL;
-- the portal's queue: by its steps, which are counted from this index alone; in the order of the day; and its gifts
CREATE INDEX fulfillment_orders_step ON fulfillment_orders (vendor_id, status, ship_by, id) INCLUDE (confirm_by)
    WHERE status IN ('assigned', 'confirmed', 'picking', 'packed', 'ready', 'on_hold');
CREATE INDEX fulfillment_orders_undone ON fulfillment_orders (vendor_id, ship_by, id)
    WHERE status IN ('assigned', 'confirmed', 'picking', 'packed', 'ready', 'on_hold');
CREATE INDEX fulfillment_orders_gifts ON fulfillment_orders (vendor_id, ship_by, id)
    WHERE preferences->>'gift_wrap' = 'true'
        AND status IN ('assigned', 'confirmed', 'picking', 'packed', 'ready', 'on_hold');
-- what left today, for the portal's queue and the manifest
CREATE INDEX fulfillment_orders_shipped ON fulfillment_orders (vendor_id, shipped_at) INCLUDE (ship_by)
    WHERE shipped_at IS NOT NULL;
-- everything of a vendor, the newest first
CREATE INDEX fulfillment_orders_newest ON fulfillment_orders (vendor_id, assigned_at DESC, id DESC);

-- V: orders that are picked on one walk
CREATE TABLE waves (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, location_id uuid NOT NULL REFERENCES locations,
    reference text NOT NULL UNIQUE, made_at timestamptz NOT NULL, made_by text NOT NULL);
CREATE INDEX waves_vendor ON waves (vendor_id, made_at DESC, id);
-- V: what was scanned, or told by hand, while picking; the page names each, so that one sent twice counts once
CREATE TABLE scans (
    vendor_id uuid NOT NULL REFERENCES vendors, id uuid NOT NULL, wave_id uuid REFERENCES waves,
    fo_id uuid REFERENCES fulfillment_orders ON DELETE CASCADE, at timestamptz NOT NULL, by text NOT NULL,
    code text NOT NULL, quantity integer NOT NULL, outcome text NOT NULL, facts jsonb NOT NULL,
    -- what it counted for: [[line id, units]]
    counted jsonb NOT NULL, undone_at timestamptz, number bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (vendor_id, id));
CREATE INDEX scans_fo ON scans (fo_id, number DESC) WHERE fo_id IS NOT NULL;
CREATE INDEX scans_wave ON scans (wave_id, number DESC) WHERE wave_id IS NOT NULL;
CREATE INDEX scans_at ON scans (at);

-- How an item is packed: some of fragile, upright, custom_packaging, insert; and what else whoever packs it should know
ALTER TABLE products ADD packing jsonb CHECK (jsonb_typeof(packing) = 'array'),
    ADD packing_note text CHECK (length(packing_note) BETWEEN 1 AND 300);

-- What lies in which parcel ----------------------------------------------------------------------------------------------
-- V: a parcel as it is packed; with its shipment it has left
CREATE TABLE packages (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, order_id uuid NOT NULL REFERENCES orders,
    fo_id uuid NOT NULL REFERENCES fulfillment_orders, cohort date NOT NULL, reference text NOT NULL UNIQUE,
    number smallint NOT NULL CHECK (number > 0), box text,
    weight_g integer CHECK (weight_g > 0),
    length_mm integer CHECK (length_mm > 0), width_mm integer CHECK (width_mm > 0), height_mm integer CHECK (height_mm > 0),
    packed_at timestamptz NOT NULL, packed_by text NOT NULL, shipment_id uuid UNIQUE REFERENCES shipments,
    UNIQUE (fo_id, number));
CREATE TABLE package_lines (
    package_id uuid NOT NULL REFERENCES packages ON DELETE CASCADE, fo_line_id uuid NOT NULL REFERENCES fo_lines,
    vendor_id uuid NOT NULL REFERENCES vendors, quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (package_id, fo_line_id));
-- the boxes that a vendor has used of late
CREATE INDEX packages_recent ON packages (vendor_id, packed_at DESC) WHERE box IS NOT NULL;
CREATE INDEX package_lines_fo_line ON package_lines (fo_line_id);
-- Units that are wanted no more (canceled, taken back) come out of their parcels again, the last parcel first: whoever calls
-- them off knows of fulfillment orders and of no parcels.
CREATE FUNCTION unpack() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    spare integer := OLD.packed - NEW.packed;
    part record;
BEGIN
    FOR part IN SELECT l.package_id, l.quantity FROM package_lines l JOIN packages p ON p.id = l.package_id
        WHERE l.fo_line_id = NEW.id AND p.shipment_id IS NULL ORDER BY p.number DESC
    LOOP
        EXIT WHEN spare <= 0;
        IF part.quantity <= spare THEN
            DELETE FROM package_lines WHERE package_id = part.package_id AND fo_line_id = NEW.id;
        ELSE
            UPDATE package_lines SET quantity = quantity - spare
            WHERE package_id = part.package_id AND fo_line_id = NEW.id;
        END IF;
        spare := spare - part.quantity;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER unpack AFTER UPDATE OF packed ON fo_lines FOR EACH ROW WHEN (NEW.packed < OLD.packed)
    EXECUTE FUNCTION unpack();
-- V: a label of a package; of its live ones there is at most one. `content` is the file of a vendor's own label
CREATE TABLE labels (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors,
    package_id uuid NOT NULL REFERENCES packages ON DELETE CASCADE, provider text NOT NULL,
    carrier text, tracking_number text, service text, made_at timestamptz NOT NULL, made_by text NOT NULL,
    media_type text, content bytea CHECK (length(content) <= 2097152),
    printed integer NOT NULL DEFAULT 0, voided_at timestamptz, voided_by text, void_reason text,
    CHECK ((content IS NULL) = (media_type IS NULL)), CHECK ((voided_at IS NULL) = (voided_by IS NULL)));
CREATE UNIQUE INDEX labels_live ON labels (package_id) WHERE voided_at IS NULL;
CREATE INDEX labels_package ON labels (package_id);

-- V: when a carrier comes to a location
CREATE TABLE pickups (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, location_id uuid NOT NULL REFERENCES locations,
    carrier text NOT NULL, day date NOT NULL, from_time time NOT NULL, until_time time NOT NULL,
    note text, made_at timestamptz NOT NULL, made_by text NOT NULL,
    -- NULL: not known yet
    came boolean, said_at timestamptz, said_by text, canceled_at timestamptz,
    CHECK (from_time < until_time));
CREATE UNIQUE INDEX pickups_live ON pickups (location_id, carrier, day) WHERE canceled_at IS NULL;
CREATE INDEX pickups_vendor ON pickups (vendor_id, day);
-- what a vendor handed over on a day
CREATE INDEX shipments_handed ON shipments (vendor_id, shipped_at, id);
-- whose number is it already
CREATE INDEX labels_number ON labels (tracking_number) WHERE voided_at IS NULL AND tracking_number IS NOT NULL;

-- What a vendor offers for what it cannot send: a question to the customer -----------------------------------------------
-- The customer waits for what its vendor declined: it may be given it again
ALTER TABLE fo_lines ADD is_awaited boolean NOT NULL DEFAULT false;
-- V: options are [{kind: wait, until} | {kind: substitute, sku, title} | {kind: refund}]
CREATE TABLE choices (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, order_id uuid NOT NULL REFERENCES orders,
    cohort date NOT NULL, order_line_id uuid NOT NULL REFERENCES order_lines, fo_line_id uuid NOT NULL REFERENCES fo_lines,
    reference text NOT NULL UNIQUE, units integer NOT NULL CHECK (units > 0), code text NOT NULL, options jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'answered', 'moot')), made_at timestamptz NOT NULL, made_by text NOT NULL,
    answer text, answered_at timestamptz, answered_by text, note text,
    CHECK ((status = 'answered') = (answer IS NOT NULL)));
-- a vendor says its word on a line once
CREATE UNIQUE INDEX choices_fo_line ON choices (fo_line_id);
CREATE INDEX choices_waiting ON choices (made_at, id) WHERE status = 'open';
CREATE INDEX choices_order ON choices (order_id);

-- Programs that are told -------------------------------------------------------------------------------------------------
-- V: secrets are sealed; two are valid while one is rotated
CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, url text NOT NULL CHECK (length(url) <= 500),
    secret text NOT NULL, old_secret text, old_until timestamptz, kinds text[] NOT NULL,
    is_active boolean NOT NULL DEFAULT true, stopped_because text, made_at timestamptz NOT NULL, made_by text NOT NULL,
    -- what was told before is not for it, and up to when it has been given what was told; the machine's time, as all here
    listens_since timestamptz NOT NULL, told_until timestamptz NOT NULL,
    deleted_at timestamptz, CHECK ((old_secret IS NULL) = (old_until IS NULL)));
CREATE INDEX webhook_endpoints_vendor ON webhook_endpoints (vendor_id) WHERE deleted_at IS NULL;
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, endpoint_id uuid NOT NULL REFERENCES webhook_endpoints,
    kind text NOT NULL, once text NOT NULL, subject text NOT NULL, body jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('queued', 'sent', 'failed', 'dropped')),
    made_at timestamptz NOT NULL, due_at timestamptz NOT NULL, attempts integer NOT NULL DEFAULT 0,
    leased_until timestamptz, lease_token uuid, sent_at timestamptz, answered integer, took_ms integer, last_error text,
    UNIQUE (endpoint_id, once));
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, id) WHERE status = 'queued';
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, made_at DESC, id);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (endpoint_id, made_at DESC, id) WHERE status = 'failed';
CREATE INDEX webhook_deliveries_made ON webhook_deliveries (made_at);

-- What a vendor says is wrong with its work ------------------------------------------------------------------------------
-- why it is on hold, as one of our codes, and since when
ALTER TABLE fulfillment_orders ADD hold_code text CHECK (hold_code ~ '^[a-z_]+$'), ADD held_at timestamptz;

-- A vendor may ask ops without an order ----------------------------------------------------------------------------------
ALTER TABLE notes ALTER order_id DROP NOT NULL, ADD CHECK (order_id IS NOT NULL OR vendor_id IS NOT NULL);
CREATE INDEX notes_vendor ON notes (vendor_id, at DESC, id DESC) WHERE order_id IS NULL;
CREATE INDEX notes_between ON notes (vendor_id, at DESC, id DESC) WHERE visibility = 'vendor';
CREATE INDEX notes_lately ON notes (at) WHERE visibility = 'vendor' AND order_id IS NOT NULL;

-- Rights -----------------------------------------------------------------------------------------------------------------
GRANT SELECT, INSERT, UPDATE, DELETE ON waves, scans, packages, package_lines, labels, pickups, choices, webhook_endpoints,
    webhook_deliveries TO onward_ops, onward_worker;
GRANT SELECT, INSERT ON waves TO onward_vendor;
GRANT SELECT, INSERT, UPDATE (undone_at) ON scans TO onward_vendor;
GRANT SELECT, INSERT, UPDATE, DELETE ON packages, package_lines TO onward_vendor;
GRANT SELECT, INSERT, UPDATE ON labels, pickups, webhook_endpoints TO onward_vendor;
GRANT SELECT ON choices TO onward_vendor;
GRANT SELECT, INSERT, UPDATE ON webhook_deliveries TO onward_vendor;
GRANT UPDATE (bin, own_code) ON listings TO onward_vendor;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['waves', 'scans', 'packages', 'package_lines', 'labels', 'pickups', 'choices', 'webhook_endpoints',
            'webhook_deliveries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY platform ON %I TO onward_ops, onward_worker USING (true)', name);
        EXECUTE format('CREATE POLICY own_rows ON %I TO onward_vendor '
            'USING (vendor_id = nullif(current_setting(''onward.vendor_id'', true), '''')::uuid)', name);
    END LOOP;
END $$;
