-- Vendors' life and calendars, products, holds of orders, files and shops that orders come from.
-- V: carries vendor_id and row-level security.

-- Vendors ----------------------------------------------------------------------------------------------------------
ALTER TABLE vendors DROP CONSTRAINT vendors_status_check;
ALTER TABLE vendors
    ADD CONSTRAINT vendors_status_check
        -- paused: away by their own wish; review: watched, and still given work; suspended: given none, by ours;
        -- closed: its people and keys are nobody's
        CHECK (status IN ('active', 'review', 'paused', 'suspended', 'closed')),
    ADD COLUMN kind text NOT NULL DEFAULT 'merchant'
        CHECK (kind IN ('merchant', 'fulfillment_house', 'drop_shipper')),
    -- why it stands as it stands, said by whom and when; and the moment from which it is active again by itself
    ADD COLUMN status_reason text, ADD COLUMN status_by text, ADD COLUMN status_at timestamptz,
    ADD COLUMN status_until timestamptz CHECK (status_until IS NULL OR status IN ('paused', 'suspended'));

ALTER TABLE locations
    -- ISO weekdays, Monday is 1
    ADD COLUMN working_days smallint[] NOT NULL DEFAULT '{1,2,3,4,5}'
        CHECK (working_days <@ '{1,2,3,4,5,6,7}' AND cardinality(working_days) BETWEEN 1 AND 7),
    -- whose public holidays are kept, "DE" or "DE-BY" (ISO 3166); NULL: none
    ADD COLUMN holidays text,
    -- fulfillment orders it can hand over in a day; NULL: any number
    ADD COLUMN daily_capacity integer CHECK (daily_capacity > 0),
    -- countries it ships to (ISO 3166); NULL: everywhere
    ADD COLUMN ships_to text[],
    ADD COLUMN is_active boolean NOT NULL DEFAULT true;

-- V: days on which a location hands nothing over: vacation, stock-taking
CREATE TABLE closures (
    id uuid PRIMARY KEY, vendor_id uuid NOT NULL REFERENCES vendors, location_id uuid NOT NULL REFERENCES locations,
    first_day date NOT NULL, last_day date NOT NULL, reason text NOT NULL,
    made_at timestamptz NOT NULL, made_by text NOT NULL,
    CHECK (first_day <= last_day AND last_day < first_day + 366), UNIQUE (location_id, first_day, last_day));

-- what a SKU is, whoever sells it
CREATE TABLE products (
    sku text PRIMARY KEY, title text NOT NULL,
    gtin text CHECK (gtin ~ '^([0-9]{8}|[0-9]{12,14})$'),
    weight_g integer CHECK (weight_g > 0),
    length_mm integer CHECK (length_mm > 0), width_mm integer CHECK (width_mm > 0), height_mm integer CHECK (height_mm > 0),
    -- more units of it on one line than this are doubtful; NULL: the policy's number
    most_units integer CHECK (most_units > 0), changed_at timestamptz NOT NULL);
CREATE INDEX products_gtin ON products (gtin) WHERE gtin IS NOT NULL;
-- the catalog's pages, and its search by how a SKU or a title begins
CREATE INDEX products_sku ON products (sku text_pattern_ops);
CREATE INDEX products_title ON products (lower(title) text_pattern_ops);
CREATE INDEX listings_sku_begins ON listings (sku text_pattern_ops);
CREATE INDEX listings_title ON listings (lower(title) text_pattern_ops);
CREATE INDEX listings_vendor ON listings (vendor_id, sku text_pattern_ops);

ALTER TABLE listings
    ADD COLUMN price_minor bigint CHECK (price_minor >= 0),
    -- working days in which this location can buy in what it does not have; NULL: it cannot
    ADD COLUMN buy_in_days smallint CHECK (buy_in_days BETWEEN 0 AND 365),
    -- the day from which its stock is said to be filled again
    ADD COLUMN restock_on date;

-- Orders -----------------------------------------------------------------------------------------------------------
-- One row a doubt; an order with an open one is given to nobody.
CREATE TABLE order_holds (
    id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders, code text NOT NULL, facts jsonb NOT NULL,
    held_at timestamptz NOT NULL, held_by text NOT NULL,
    released_at timestamptz, released_by text, release_note text,
    CHECK ((released_at IS NULL) = (released_by IS NULL)));
CREATE UNIQUE INDEX order_holds_open ON order_holds (order_id, code) WHERE released_at IS NULL;
CREATE INDEX order_holds_order ON order_holds (order_id);
ALTER TABLE orders ADD COLUMN held_since timestamptz;
-- who waits for a SKU, the oldest first (keys begin with the time): woken when units come in
CREATE INDEX order_lines_waiting ON order_lines (sku, order_id) WHERE unrouted > 0;
CREATE INDEX orders_held ON orders (held_since, id) WHERE held_since IS NOT NULL;

-- A fulfillment order whose missing units are bought in names the day they are there.
ALTER TABLE fulfillment_orders ADD COLUMN waits_until date;
-- Units bought in for the order never lie in stock, so none are held for it.
ALTER TABLE fo_lines ADD COLUMN is_bought_in boolean NOT NULL DEFAULT false;
CREATE INDEX fulfillment_orders_day ON fulfillment_orders (location_id, ship_by)
    WHERE status IN ('assigned', 'confirmed', 'picking', 'packed', 'ready', 'on_hold');

-- Files with orders, listings or stock, worked off in the background -------------------------------------------------
CREATE TABLE imports (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('orders', 'listings', 'stock')),
    format text NOT NULL CHECK (format IN ('csv', 'jsonl')), filename text NOT NULL, size integer NOT NULL,
    -- what the columns of a CSV file are called, and what stands between its cells
    header jsonb NOT NULL, delimiter text NOT NULL,
    -- our field -> their column, and what stands for all rows, such as the channel
    mapping jsonb NOT NULL, fixed jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'waiting', 'running', 'done', 'canceled', 'failed')),
    is_dry_run boolean NOT NULL, problem text,
    -- where reading goes on, in bytes of the file, and how many lines lie before that; and what came of the records so
    -- far: total is what a dry run has counted
    read_to integer NOT NULL DEFAULT 0, read_lines integer NOT NULL DEFAULT 0, total integer,
    seen integer NOT NULL DEFAULT 0, taken integer NOT NULL DEFAULT 0, known integer NOT NULL DEFAULT 0,
    held integer NOT NULL DEFAULT 0, refused integer NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL, made_by text NOT NULL, made_by_id uuid,
    started_at timestamptz, ended_at timestamptz, ended_by text, due_at timestamptz);
CREATE INDEX imports_made ON imports (made_at DESC, id);
CREATE INDEX imports_due ON imports (due_at) WHERE due_at IS NOT NULL;
-- the file itself, in pieces, so that nobody ever holds all of it; gone when it has been worked off
CREATE TABLE import_parts (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE, position integer NOT NULL, content bytea NOT NULL,
    PRIMARY KEY (import_id, position));
-- which records were met so far, and in which line: one that comes again is refused; gone like the file
CREATE TABLE import_names (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE, name text NOT NULL, line integer NOT NULL,
    PRIMARY KEY (import_id, name));
-- what was refused, with the lines of the file it came from, so that a file of it can be mended and sent again
CREATE TABLE import_refusals (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE, position integer NOT NULL, line integer NOT NULL,
    name text NOT NULL, errors jsonb NOT NULL, raw jsonb NOT NULL, PRIMARY KEY (import_id, position));

-- Shops that push orders -------------------------------------------------------------------------------------------
CREATE TABLE order_sources (
    id uuid PRIMARY KEY, code text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9-]{1,40}$'),
    kind text NOT NULL, channel text NOT NULL,
    -- sealed; the one before is good for a while, so that a shop can be told the new one
    secret text NOT NULL, old_secret text, old_until timestamptz,
    is_active boolean NOT NULL DEFAULT true, made_at timestamptz NOT NULL, made_by text NOT NULL,
    CHECK ((old_secret IS NULL) = (old_until IS NULL)));
-- one row a delivery; the same one again finds its row
CREATE TABLE source_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source_id uuid NOT NULL REFERENCES order_sources,
    delivery text NOT NULL, topic text NOT NULL, received_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('taken', 'known', 'held', 'changed', 'refused', 'ignored')),
    -- the shop's own key of the order, as of when the shop tells of it, and digests of what it tells
    subject text, as_of timestamptz, told jsonb, order_id uuid REFERENCES orders, number text,
    -- why it was refused or ignored; of what was refused the body, sealed, for as long as it may be tried again
    problem text, errors jsonb, body text, UNIQUE (source_id, delivery));
CREATE INDEX source_deliveries_at ON source_deliveries (source_id, received_at DESC, id);
CREATE INDEX source_deliveries_subject ON source_deliveries (source_id, subject) WHERE subject IS NOT NULL;
CREATE INDEX source_deliveries_order ON source_deliveries (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX source_deliveries_refused ON source_deliveries (received_at) WHERE body IS NOT NULL;

-- Search -----------------------------------------------------------------------------------------------------------
-- The words of a name, without case and accents, so that each is found by how it begins.
CREATE FUNCTION words_of(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    array_remove(regexp_split_to_array(
        -- letters that Unicode does not take apart
        replace(replace(translate(
            regexp_replace(normalize(casefold(name COLLATE "pg_unicode_fast"), NFKD),
                -- marks of Latin, Greek and Cyrillic, points of Hebrew, vowels of Arabic
                '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]',
                '', 'g'),
            'łøđðħı', 'loddhi'), 'æ', 'ae'), 'œ', 'oe'), '[^[:alnum:]]+'), '');
-- What finds names with words that begin like each word of a question; NULL where it has none.
CREATE FUNCTION names_like(question text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    (SELECT string_agg(quote_literal(word) || ':*', ' & ')::tsquery FROM unnest(words_of(question)) word);
-- A phone number from its end, as it is the same however it begins: +46 (0)70…, 0046 70…, 070…; NULL: is none.
CREATE FUNCTION phone_of(written text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    substring(reverse(regexp_replace(regexp_replace(lower(written), '\(0\)|(ext|x|#|;).*$', '', 'g'), '[^0-9]', '', 'g'))
        FROM '^([0-9]{6,14}[1-9])0*$');
CREATE INDEX customers_name ON customers USING gin (array_to_tsvector(words_of(name))) WITH (fastupdate = off);
CREATE INDEX customers_email_begins ON customers (lower(email) text_pattern_ops);
CREATE INDEX customers_external_id ON customers (lower(external_id) text_pattern_ops);
CREATE INDEX customers_phone ON customers (phone_of(phone) text_pattern_ops);
DROP INDEX customers_email;
-- Whom an order goes to, who need not be who bought. Apart from the order, whose row changes all the time.
CREATE TABLE recipients (order_id uuid PRIMARY KEY REFERENCES orders, words tsvector NOT NULL);
CREATE INDEX recipients_words ON recipients USING gin (words) WITH (fastupdate = off);
CREATE FUNCTION keep_recipient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recipients VALUES (NEW.id, array_to_tsvector(words_of(
            concat_ws(' ', NEW.ship_to->>'name', NEW.ship_to->>'company'))))
        ON CONFLICT (order_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_recipient AFTER INSERT OR UPDATE OF ship_to ON orders
    FOR EACH ROW EXECUTE FUNCTION keep_recipient();
INSERT INTO recipients SELECT id, array_to_tsvector(words_of(concat_ws(' ', ship_to->>'name', ship_to->>'company')))
    FROM orders;

-- Rights -----------------------------------------------------------------------------------------------------------
GRANT SELECT, INSERT, UPDATE, DELETE ON closures, products, order_holds, imports, import_parts, import_names,
    import_refusals, order_sources, source_deliveries, recipients TO onward_ops, onward_worker;
GRANT SELECT, INSERT, DELETE ON closures TO onward_vendor;
GRANT SELECT ON products TO onward_vendor;
GRANT UPDATE (cut_off, working_days, daily_capacity, holidays) ON locations TO onward_vendor;
ALTER TABLE closures ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON closures TO onward_ops, onward_worker USING (true);
CREATE POLICY own_rows ON closures TO onward_vendor
    USING (vendor_id = nullif(current_setting('onward.vendor_id', true), '')::uuid)
    WITH CHECK (vendor_id = nullif(current_setting('onward.vendor_id', true), '')::uuid
        AND location_id IN (SELECT id FROM locations));
