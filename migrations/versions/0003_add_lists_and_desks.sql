-- What people live in: their preferences, saved views, bulk changes, notes with photos, and what they are told on screen.
-- Moments of people (views, batches, notices) are the machine's; notes stand among an order's events, in the world's time.

-- What lists are filtered and sorted by -------------------------------------------------------------------------------
ALTER TABLE orders ADD country text GENERATED ALWAYS AS (ship_to->>'country') STORED;
CREATE INDEX orders_country ON orders (country, placed_at, id);
CREATE INDEX orders_channel ON orders (channel, placed_at, id);
CREATE INDEX orders_deliver_by ON orders (coalesce(deliver_by, '9999-12-31 00:00+00'), id);
CREATE INDEX orders_due ON orders (deliver_by, id) WHERE delivered_at IS NULL AND status <> 'canceled';
CREATE INDEX fulfillment_orders_vendor ON fulfillment_orders (vendor_id, order_id);
CREATE INDEX fulfillment_orders_on_hold ON fulfillment_orders (order_id) WHERE status = 'on_hold';
CREATE INDEX exception_cases_open_order ON exception_cases (order_id) WHERE closed_at IS NULL;

-- People's preferences: one document each, read with their session -----------------------------------------------------
CREATE TABLE preferences (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE, document jsonb NOT NULL, changed_at timestamptz NOT NULL);
GRANT SELECT, INSERT, UPDATE ON preferences TO onward_auth;

-- Saved views ----------------------------------------------------------------------------------------------------------
CREATE TABLE saved_views (
    id uuid PRIMARY KEY, list_name text NOT NULL, name text NOT NULL CHECK (name <> ''), query text NOT NULL,
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, is_shared boolean NOT NULL DEFAULT false,
    -- the roles that a list opens with this view for
    default_for text[] NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1, changed_by text NOT NULL, changed_at timestamptz NOT NULL);
CREATE UNIQUE INDEX saved_views_name ON saved_views (list_name, owner_id, lower(name));
CREATE INDEX saved_views_shared ON saved_views (list_name) WHERE is_shared;
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_views TO onward_ops;

-- Bulk changes: a draft is looked at, then waits a moment in which it can be taken back, then runs row by row ---------
CREATE TABLE batches (
    id uuid PRIMARY KEY, reference text NOT NULL UNIQUE, act text NOT NULL, arguments jsonb NOT NULL,
    query text NOT NULL, made_by_id uuid NOT NULL, made_by text NOT NULL, made_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'waiting', 'running', 'done', 'canceled')),
    total integer NOT NULL CHECK (total >= 0),
    -- of its rows, so that nobody has to count them to see how far it is
    done integer NOT NULL DEFAULT 0, unchanged integer NOT NULL DEFAULT 0, refused integer NOT NULL DEFAULT 0,
    -- the one it takes back: nothing is taken back twice
    undoes_id uuid UNIQUE REFERENCES batches ON DELETE SET NULL,
    -- when its next rows are due: that moves on with every few rows, so that a short one need not wait for a long one
    due_at timestamptz, started_at timestamptz, ended_at timestamptz, ended_by text);
CREATE INDEX batches_due ON batches (due_at) WHERE status IN ('waiting', 'running');
CREATE INDEX batches_made ON batches (made_at, id);
CREATE TABLE batch_rows (
    batch_id uuid NOT NULL REFERENCES batches ON DELETE CASCADE, position integer NOT NULL,
    -- the public reference of what is changed, and what people call it
    subject text NOT NULL, name text NOT NULL,
    -- how the row stood when the draft was made: a row that has moved since is refused
    seen text NOT NULL,
    -- why it would be refused, as the draft foresaw it
    foreseen text,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'done', 'unchanged', 'refused')),
    -- a code and its facts, put into words where they are read
    reason jsonb, PRIMARY KEY (batch_id, position)) WITH (fillfactor = 80);
CREATE INDEX batch_rows_waiting ON batch_rows (batch_id, position) WHERE status = 'waiting';
GRANT SELECT, INSERT, UPDATE, DELETE ON batches, batch_rows TO onward_ops, onward_worker;

-- Who stands behind an entry of the timeline; entries of before say it by their actor and event alone.
ALTER TABLE timeline ADD source text CHECK (source IN ('person', 'vendor', 'vendor_key', 'key', 'carrier', 'onward'));

-- Notes on an order, and their photos -----------------------------------------------------------------------------------
CREATE TABLE notes (
    id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders, visibility text NOT NULL
        CHECK (visibility IN ('internal', 'vendor', 'customer')),
    -- the one vendor that sees it
    vendor_id uuid REFERENCES vendors, author_id uuid NOT NULL, author text NOT NULL,
    author_role text NOT NULL, body text NOT NULL CHECK (length(body) <= 4000), mentions uuid[] NOT NULL DEFAULT '{}',
    -- the same form sent twice is one note
    once uuid NOT NULL UNIQUE, at timestamptz NOT NULL,
    CHECK ((visibility = 'vendor') = (vendor_id IS NOT NULL)));
CREATE INDEX notes_order ON notes (order_id, at, id);
CREATE TABLE photos (
    id uuid PRIMARY KEY, note_id uuid NOT NULL REFERENCES notes, vendor_id uuid REFERENCES vendors,
    name text NOT NULL, media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png')),
    width integer NOT NULL, height integer NOT NULL, content bytea NOT NULL CHECK (length(content) <= 4194304));
CREATE INDEX photos_note ON photos (note_id);
GRANT SELECT, INSERT ON notes, photos TO onward_ops, onward_vendor;
GRANT SELECT ON notes, photos TO onward_worker;

-- What people are told on screen ----------------------------------------------------------------------------------------
CREATE TABLE notices (
    id uuid PRIMARY KEY,
    -- 'person:<id>', 'role:<role>', 'ops' or 'vendor:<id>'
    audience text NOT NULL, kind text NOT NULL CHECK (kind ~ '^[a-z_]+$'), subject text NOT NULL, facts jsonb NOT NULL,
    -- the same cause twice is one notice
    once text NOT NULL UNIQUE, at timestamptz NOT NULL);
CREATE INDEX notices_audience ON notices (audience, at, id);
CREATE INDEX notices_at ON notices (at);
-- Up to when somebody has looked, up to when they were mailed at once, and up to when their digests go.
CREATE TABLE notice_marks (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE, seen_until timestamptz NOT NULL,
    mailed_until timestamptz NOT NULL, digested_until timestamptz NOT NULL);
GRANT INSERT ON notices TO onward_ops, onward_worker, onward_vendor;
GRANT SELECT ON notices TO onward_auth, onward_worker;
GRANT DELETE ON notices TO onward_worker;
GRANT SELECT, INSERT, UPDATE ON notice_marks TO onward_auth;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['notes', 'photos'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY platform ON %I TO onward_ops, onward_worker USING (true)', name);
        EXECUTE format('CREATE POLICY own_rows ON %I TO onward_vendor USING '
            '(vendor_id = NULLIF(current_setting(''onward.vendor_id'', true), '''')::uuid)', name);
    END LOOP;
END $$;
