-- The ground floor. Statuses are text with CHECKs; moments are timestamptz in UTC; money is minor units.
-- V (below): carries vendor_id and row-level security. C: partitioned by cohort, the month the order was born.

-- Clocks and background work -------------------------------------------------------------------------------------
CREATE TABLE world_clock (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    anchor_world timestamptz NOT NULL, anchor_machine timestamptz NOT NULL,
    rate double precision NOT NULL CHECK (rate >= 0), ring_only text);
INSERT INTO world_clock VALUES (1, clock_timestamp(), clock_timestamp(), 1, NULL);

CREATE TABLE job_runs (
    job text NOT NULL, tick timestamptz NOT NULL, PRIMARY KEY (job, tick));

CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL, subject text NOT NULL, reason text NOT NULL, attempts integer NOT NULL,
    raised_at timestamptz NOT NULL, closed_at timestamptz, closed_by text);
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (job, subject) WHERE closed_at IS NULL;

-- A narrow table: its indexed column moves all the time, so it has room for updates in place and frequent vacuums.
CREATE TABLE checks (
    subject_id uuid NOT NULL, watcher text NOT NULL, subject_kind text NOT NULL, order_id uuid NOT NULL,
    next_check_at timestamptz NOT NULL, attempts smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (subject_id, watcher)) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX checks_due ON checks (watcher, next_check_at);

-- Ground -----------------------------------------------------------------------------------------------------------
CREATE TABLE policies (
    kind text NOT NULL, version integer NOT NULL, document jsonb NOT NULL,
    valid_from timestamptz NOT NULL, made_at timestamptz NOT NULL, made_by text NOT NULL,
    PRIMARY KEY (kind, version));

CREATE TABLE vendors (
    id uuid PRIMARY KEY, code text NOT NULL UNIQUE, name text NOT NULL, email text,
    status text NOT NULL CHECK (status IN ('active', 'paused', 'suspended')));

CREATE TABLE users (
    id uuid PRIMARY KEY, email text NOT NULL UNIQUE CHECK (email = lower(email)), name text NOT NULL,
    role text NOT NULL CHECK (role IN ('ops_agent', 'ops_lead', 'senior_management', 'administrator')),
    password_hash text NOT NULL, is_active boolean NOT NULL DEFAULT true);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY, name text NOT NULL UNIQUE, hash text NOT NULL UNIQUE,
    scope text NOT NULL CHECK (scope IN ('marketplace', 'vendor')), vendor_id uuid REFERENCES vendors,
    created_at timestamptz NOT NULL, revoked_at timestamptz,
    CHECK ((scope = 'vendor') = (vendor_id IS NOT NULL)));

CREATE TABLE idempotency (
    principal text NOT NULL, route text NOT NULL, key text NOT NULL, request_sha256 text NOT NULL,
    status smallint NOT NULL, body jsonb NOT NULL, made_at timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key));

CREATE TABLE customers (
    id uuid PRIMARY KEY, channel text NOT NULL, external_id text NOT NULL, name text NOT NULL,
    email text, phone text, locale text, UNIQUE (channel, external_id));
CREATE INDEX customers_email ON customers (lower(email));

CREATE TABLE locations (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, code text NOT NULL, name text NOT NULL,
    zone text NOT NULL, country text NOT NULL, region text, city text, postal_code text,
    cut_off time NOT NULL, handling_days smallint NOT NULL CHECK (handling_days BETWEEN 0 AND 60),
    UNIQUE (vendor_id, code));

CREATE TABLE listings (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, location_id uuid NOT NULL REFERENCES locations,
    sku text NOT NULL, title text NOT NULL, cost_minor bigint NOT NULL CHECK (cost_minor >= 0), currency text NOT NULL,
    is_active boolean NOT NULL DEFAULT true, UNIQUE (location_id, sku));
CREATE INDEX listings_sku ON listings (sku);

CREATE TABLE stock (
    listing_id uuid PRIMARY KEY REFERENCES listings, vendor_id uuid NOT NULL REFERENCES vendors,
    on_hand integer NOT NULL, reserved integer NOT NULL DEFAULT 0,
    CHECK (0 <= reserved AND reserved <= on_hand)) WITH (fillfactor = 80);

-- Flow -------------------------------------------------------------------------------------------------------------
CREATE TABLE orders (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, channel text NOT NULL, number text NOT NULL,
    cohort date NOT NULL, placed_at timestamptz NOT NULL, received_at timestamptz NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers, currency text NOT NULL,
    items_minor bigint NOT NULL, freight_minor bigint NOT NULL,
    ship_to jsonb NOT NULL, shipping jsonb NOT NULL, preferences jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('received', 'open', 'partly_shipped', 'shipped',
        'partly_delivered', 'delivered', 'canceled')),
    -- the promised date, and the midnight after it in that zone: the first moment that is too late
    deliver_on date, deliver_by timestamptz, promise_zone text NOT NULL,
    delivered_at timestamptz, unfilled_since timestamptz, request_sha256 text NOT NULL,
    UNIQUE (channel, number));
CREATE INDEX orders_placed ON orders (placed_at, id);
CREATE INDEX orders_status ON orders (status, placed_at, id);
CREATE INDEX orders_number ON orders (number text_pattern_ops);
CREATE INDEX orders_customer ON orders (customer_id);

CREATE TABLE order_lines (
    id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders, external_id text NOT NULL,
    sku text NOT NULL, title text NOT NULL, options jsonb NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0), unrouted integer NOT NULL, canceled integer NOT NULL DEFAULT 0,
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
    vendor text, ship_by timestamptz, UNIQUE (order_id, external_id),
    CHECK (unrouted >= 0 AND canceled >= 0 AND unrouted + canceled <= quantity));
CREATE INDEX order_lines_sku ON order_lines (sku);

CREATE TABLE fulfillment_orders (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, vendor_id uuid NOT NULL REFERENCES vendors,
    location_id uuid NOT NULL REFERENCES locations, order_id uuid NOT NULL REFERENCES orders,
    order_number text NOT NULL, cohort date NOT NULL,
    status text NOT NULL CHECK (status IN ('assigned', 'confirmed', 'picking', 'packed', 'ready', 'shipped',
        'delivered', 'rejected', 'canceled', 'on_hold')),
    held_from text, hold_reason text, decline_reason text,
    assigned_at timestamptz NOT NULL, confirm_by timestamptz, ship_by timestamptz NOT NULL,
    confirmed_at timestamptz, last_parcel_at timestamptz, shipped_at timestamptz, delivered_at timestamptz,
    ship_to jsonb NOT NULL, preferences jsonb NOT NULL);
CREATE INDEX fulfillment_orders_work ON fulfillment_orders (vendor_id, status, ship_by);
CREATE INDEX fulfillment_orders_order ON fulfillment_orders (order_id);

CREATE TABLE fo_lines (
    id uuid PRIMARY KEY, fo_id uuid NOT NULL REFERENCES fulfillment_orders, vendor_id uuid NOT NULL REFERENCES vendors,
    order_id uuid NOT NULL REFERENCES orders, order_line_id uuid NOT NULL REFERENCES order_lines,
    listing_id uuid NOT NULL REFERENCES listings, line text NOT NULL, sku text NOT NULL, title text NOT NULL,
    options jsonb NOT NULL, ordered integer NOT NULL CHECK (ordered > 0),
    declined integer NOT NULL DEFAULT 0, confirmed integer NOT NULL DEFAULT 0, picked integer NOT NULL DEFAULT 0,
    packed integer NOT NULL DEFAULT 0, shipped integer NOT NULL DEFAULT 0, delivered integer NOT NULL DEFAULT 0,
    canceled integer NOT NULL DEFAULT 0,
    CHECK (declined >= 0 AND canceled >= 0 AND declined + canceled <= ordered),
    CHECK (0 <= delivered AND delivered <= shipped AND shipped <= confirmed AND confirmed <= ordered - declined),
    CHECK (shipped + canceled + declined <= ordered AND 0 <= packed AND packed <= picked AND picked <= ordered));
CREATE INDEX fo_lines_fo ON fo_lines (fo_id);
CREATE INDEX fo_lines_order ON fo_lines (order_id);

CREATE TABLE reservations (
    fo_line_id uuid PRIMARY KEY REFERENCES fo_lines, listing_id uuid NOT NULL REFERENCES listings,
    vendor_id uuid NOT NULL REFERENCES vendors, quantity integer NOT NULL CHECK (quantity > 0));
CREATE INDEX reservations_listing ON reservations (listing_id);

CREATE TABLE promises (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders, subject_id uuid NOT NULL, kind text NOT NULL
        CHECK (kind IN ('confirm_by', 'ship_by', 'deliver_by')),
    version integer NOT NULL, due_at timestamptz NOT NULL, reason text NOT NULL, made_at timestamptz NOT NULL,
    UNIQUE (subject_id, kind, version));

CREATE TABLE shipments (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, vendor_id uuid NOT NULL REFERENCES vendors,
    order_id uuid NOT NULL REFERENCES orders, fo_id uuid NOT NULL REFERENCES fulfillment_orders, cohort date NOT NULL,
    carrier text NOT NULL, tracking_number text NOT NULL,
    -- carriers use their numbers again after some years
    period smallint NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'info_received', 'in_transit', 'out_for_delivery',
        'available_for_pickup', 'attempt_failed', 'exception', 'delivered', 'returned', 'lost', 'expired')),
    delay_reason text, shipped_at timestamptz NOT NULL, first_scan_at timestamptz, last_scan_at timestamptz,
    delivered_at timestamptz, eta timestamptz,
    UNIQUE (carrier, tracking_number, period));
CREATE INDEX shipments_order ON shipments (order_id);
CREATE INDEX shipments_fo ON shipments (fo_id);
CREATE INDEX shipments_number ON shipments (tracking_number text_pattern_ops);

CREATE TABLE shipment_lines (
    shipment_id uuid NOT NULL REFERENCES shipments, fo_line_id uuid NOT NULL REFERENCES fo_lines,
    vendor_id uuid NOT NULL REFERENCES vendors, quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, fo_line_id));
CREATE INDEX shipment_lines_line ON shipment_lines (fo_line_id);

CREATE TABLE polls (
    shipment_id uuid PRIMARY KEY REFERENCES shipments, carrier text NOT NULL, next_poll_at timestamptz NOT NULL,
    -- until when the carrier's silence is known to be silence: its last answer about this parcel
    heard_at timestamptz,
    -- somebody waits for the next answer, even if it brings nothing new
    is_awaited boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0, leased_until timestamptz, lease_token uuid, last_error text)
    WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX polls_due ON polls (carrier, next_poll_at);

CREATE TABLE unread_answers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    carrier text NOT NULL, what text NOT NULL, sample text NOT NULL, seen integer NOT NULL,
    first_seen_at timestamptz NOT NULL, last_seen_at timestamptz NOT NULL, UNIQUE (carrier, what));

CREATE TABLE payments (
    order_id uuid PRIMARY KEY REFERENCES orders, status text NOT NULL
        CHECK (status IN ('pending', 'authorized', 'captured', 'failed', 'refunded', 'canceled')),
    currency text NOT NULL, authorized_minor bigint NOT NULL DEFAULT 0, captured_minor bigint NOT NULL DEFAULT 0,
    refunded_minor bigint NOT NULL DEFAULT 0, pending_minor bigint NOT NULL DEFAULT 0,
    CHECK (refunded_minor >= 0 AND pending_minor >= 0 AND refunded_minor + pending_minor <= captured_minor));

CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders,
    cause text NOT NULL UNIQUE, kind text NOT NULL, amount_minor bigint NOT NULL, currency text NOT NULL,
    reference text, happened_at timestamptz NOT NULL, noted_at timestamptz NOT NULL);
CREATE INDEX ledger_order ON ledger (order_id);

-- Watch and consequences -------------------------------------------------------------------------------------------
CREATE TABLE exception_cases (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, kind text NOT NULL, subject_kind text NOT NULL,
    subject_id uuid NOT NULL, order_id uuid NOT NULL REFERENCES orders, vendor_id uuid REFERENCES vendors,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    -- when the breach happened, when it became critical, when its cause went away: times of events, not of looks
    occurred_at timestamptz NOT NULL, critical_at timestamptz, ended_at timestamptz,
    raised_at timestamptz NOT NULL, closed_at timestamptz, policy_version integer NOT NULL, facts jsonb NOT NULL,
    UNIQUE (subject_id, kind, occurred_at), CHECK ((ended_at IS NULL) = (closed_at IS NULL)));
CREATE UNIQUE INDEX exception_cases_open ON exception_cases (subject_id, kind) WHERE closed_at IS NULL;
CREATE INDEX exception_cases_queue ON exception_cases (severity, occurred_at, id) WHERE closed_at IS NULL;
CREATE INDEX exception_cases_order ON exception_cases (order_id);

CREATE TABLE escalations (
    id uuid PRIMARY KEY, case_id uuid NOT NULL UNIQUE REFERENCES exception_cases,
    order_id uuid NOT NULL REFERENCES orders, rung smallint NOT NULL DEFAULT 0, level text NOT NULL,
    opened_at timestamptz NOT NULL, raised_at timestamptz NOT NULL,
    acknowledged_at timestamptz, acknowledged_by text, ended_at timestamptz, closed_at timestamptz, closed_by text,
    policy_version integer NOT NULL);
CREATE INDEX escalations_open ON escalations (opened_at, id) WHERE closed_at IS NULL;

CREATE TABLE escalation_steps (
    escalation_id uuid NOT NULL REFERENCES escalations, rung smallint NOT NULL, level text NOT NULL,
    due_at timestamptz NOT NULL, done_at timestamptz NOT NULL, PRIMARY KEY (escalation_id, rung));

CREATE TABLE compensation_offers (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, order_id uuid NOT NULL REFERENCES orders,
    case_id uuid NOT NULL REFERENCES exception_cases, remedy text NOT NULL, rule text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0), currency text NOT NULL, facts jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('offered', 'accepted', 'withdrawn')),
    made_at timestamptz NOT NULL, ended_at timestamptz, end_reason text, policy_version integer NOT NULL);
CREATE UNIQUE INDEX compensation_offers_live ON compensation_offers (order_id) WHERE status <> 'withdrawn';
CREATE UNIQUE INDEX compensation_offers_cause ON compensation_offers (case_id, rule) WHERE status <> 'withdrawn';
CREATE INDEX compensation_offers_made ON compensation_offers (made_at, id);

-- What only grows, by the month the order was born -----------------------------------------------------------------
CREATE TABLE timeline (
    id bigint GENERATED ALWAYS AS IDENTITY, cohort date NOT NULL, order_id uuid NOT NULL,
    at timestamptz NOT NULL, event text NOT NULL, subject_id uuid, actor text NOT NULL, facts jsonb NOT NULL)
    PARTITION BY RANGE (cohort);
CREATE INDEX timeline_order ON timeline (order_id, id);

CREATE TABLE decisions (
    id bigint GENERATED ALWAYS AS IDENTITY, cohort date NOT NULL, order_id uuid NOT NULL, kind text NOT NULL,
    policy_version integer NOT NULL, facts jsonb NOT NULL, made_at timestamptz NOT NULL) PARTITION BY RANGE (cohort);
CREATE INDEX decisions_order ON decisions (order_id, id);

CREATE TABLE tracking_events (
    cohort date NOT NULL, shipment_id uuid NOT NULL, event_key text NOT NULL, order_id uuid NOT NULL,
    vendor_id uuid NOT NULL, occurred_at timestamptz, local_at text NOT NULL, code text NOT NULL,
    description text NOT NULL, status text, delay_reason text, place text NOT NULL, is_read boolean NOT NULL,
    heard_at timestamptz NOT NULL, PRIMARY KEY (cohort, shipment_id, event_key)) PARTITION BY RANGE (cohort);

CREATE TABLE notifications (
    id uuid NOT NULL, cohort date NOT NULL, order_id uuid NOT NULL, dedupe_key text NOT NULL,
    audience text NOT NULL CHECK (audience IN ('customer', 'vendor', 'ops')), channel text NOT NULL,
    recipient text NOT NULL, template text NOT NULL, facts jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('queued', 'sent', 'failed', 'uncertain', 'superseded')),
    made_at timestamptz NOT NULL, due_at timestamptz NOT NULL, attempts smallint NOT NULL DEFAULT 0,
    -- committed before the call: a started attempt without an outcome may have arrived
    started_at timestamptz, leased_until timestamptz, lease_token uuid, sent_at timestamptz, last_error text,
    PRIMARY KEY (cohort, id), UNIQUE (cohort, order_id, dedupe_key)) PARTITION BY RANGE (cohort);
CREATE INDEX notifications_due ON notifications (due_at) WHERE status = 'queued';
CREATE INDEX notifications_made ON notifications (made_at, id);

CREATE FUNCTION ensure_cohort(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    parent text;
BEGIN
    IF first < date '2000-01-01' OR first > date '2100-01-01' THEN
        RAISE EXCEPTION 'no cohort for %', month;
    END IF;
    PERFORM pg_advisory_xact_lock(20261121);
    FOREACH parent IN ARRAY ARRAY['timeline', 'decisions', 'tracking_events', 'notifications'] LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            parent || '_' || to_char(first, 'YYYYMM'), parent, first, (first + interval '1 month')::date);
    END LOOP;
END $$;

-- Roles ------------------------------------------------------------------------------------------------------------
-- The application logs in as one role without rights and becomes one of these for each transaction.
DO $$
DECLARE
    name text;
BEGIN
    -- roles belong to the whole server: two databases may be migrated at once
    PERFORM pg_advisory_xact_lock(20261122);
    FOREACH name IN ARRAY ARRAY['onward_ops', 'onward_vendor', 'onward_auth', 'onward_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        END IF;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO onward_ops, onward_vendor, onward_auth, onward_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO onward_ops, onward_worker;
-- What is history can be added to and read, by nobody changed.
REVOKE UPDATE, DELETE ON timeline, decisions, promises, ledger, tracking_events FROM onward_ops, onward_worker;
REVOKE ALL ON users, api_keys FROM onward_worker;
REVOKE EXECUTE ON FUNCTION ensure_cohort FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_cohort TO onward_ops, onward_worker;
GRANT SELECT ON users, api_keys, vendors TO onward_auth;
-- A vendor has no grant on orders, customers, cases, money or messages.
GRANT SELECT ON vendors, locations TO onward_vendor;
GRANT SELECT, UPDATE ON fulfillment_orders, fo_lines TO onward_vendor;
GRANT SELECT ON listings, reservations, shipments, shipment_lines, tracking_events TO onward_vendor;
GRANT SELECT, UPDATE ON stock TO onward_vendor;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['locations', 'listings', 'stock', 'reservations', 'fulfillment_orders', 'fo_lines',
            'shipments', 'shipment_lines', 'tracking_events'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY platform ON %I TO onward_ops, onward_worker USING (true)', name);
        EXECUTE format('CREATE POLICY own_rows ON %I TO onward_vendor '
            'USING (vendor_id = nullif(current_setting(''onward.vendor_id'', true), '''')::uuid)', name);
    END LOOP;
    ALTER TABLE vendors ENABLE ROW LEVEL SECURITY;
    CREATE POLICY platform ON vendors TO onward_ops, onward_worker, onward_auth USING (true);
    CREATE POLICY own_row ON vendors TO onward_vendor
        USING (id = nullif(current_setting('onward.vendor_id', true), '')::uuid);
END $$;
