-- People: who signs in, how, from where, and what they did. Moments here are the machine's: people live in real time.

-- People -----------------------------------------------------------------------------------------------------------
ALTER TABLE users DROP CONSTRAINT users_role_check;
ALTER TABLE users
    ADD vendor_id uuid REFERENCES vendors,
    ADD created_at timestamptz NOT NULL DEFAULT now(),
    -- switched off by the marketplace: their vendor cannot switch them on again
    ADD is_barred boolean NOT NULL DEFAULT false,
    ADD password_changed_at timestamptz NOT NULL DEFAULT now(),
    -- encrypted; the step of the last code taken makes every code good once
    ADD totp_seed text, ADD totp_step bigint,
    ADD CONSTRAINT users_role_check CHECK (role IN ('vendor_owner', 'vendor_staff', 'ops_agent', 'ops_lead',
        'senior_management', 'administrator')),
    ADD CONSTRAINT users_vendor_check CHECK ((role IN ('vendor_owner', 'vendor_staff')) = (vendor_id IS NOT NULL));
CREATE INDEX users_vendor ON users (vendor_id) WHERE vendor_id IS NOT NULL;

ALTER TABLE vendors DROP CONSTRAINT vendors_status_check;
ALTER TABLE vendors ADD CONSTRAINT vendors_status_check
    -- closed: its people and keys are nobody's
    CHECK (status IN ('active', 'paused', 'suspended', 'closed'));

CREATE TABLE sessions (
    id uuid PRIMARY KEY, hash text NOT NULL UNIQUE, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL, seen_at timestamptz NOT NULL,
    -- when a second factor was shown; when somebody last proved to be there in person
    proven_at timestamptz, confirmed_at timestamptz NOT NULL,
    address text NOT NULL, user_agent text NOT NULL,
    -- a second factor that is being enrolled (encrypted), a passkey's challenge, the vendor being looked over the shoulder of
    pending_seed text, challenge text, view_vendor_id uuid REFERENCES vendors);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, hash text NOT NULL, used_at timestamptz,
    PRIMARY KEY (user_id, hash));

CREATE TABLE passkeys (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE, public_key bytea NOT NULL, sign_count bigint NOT NULL, name text NOT NULL,
    created_at timestamptz NOT NULL, used_at timestamptz);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- Good once. What opens a link is made from its id and the secret key: nothing in here does.
CREATE TABLE links (
    id uuid PRIMARY KEY, purpose text NOT NULL CHECK (purpose IN ('reset', 'invitation', 'email')),
    user_id uuid REFERENCES users ON DELETE CASCADE, email text NOT NULL CHECK (email = lower(email)),
    name text, role text, vendor_id uuid REFERENCES vendors, made_by text NOT NULL,
    inviter_id uuid REFERENCES users, made_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, used_at timestamptz, revoked_at timestamptz,
    CHECK ((purpose = 'invitation') = (user_id IS NULL)), CHECK ((purpose = 'invitation') = (role IS NOT NULL)));
CREATE INDEX links_user ON links (user_id);
CREATE UNIQUE INDEX links_invited ON links (email, vendor_id) NULLS NOT DISTINCT
    WHERE purpose = 'invitation' AND used_at IS NULL AND revoked_at IS NULL;

CREATE TABLE throttles (
    bucket text PRIMARY KEY, failures integer NOT NULL, last_at timestamptz NOT NULL, blocked_until timestamptz);

ALTER TABLE api_keys
    ADD rights text[] NOT NULL DEFAULT '{}', ADD hint text NOT NULL DEFAULT '', ADD made_by text NOT NULL DEFAULT '',
    ADD used_at timestamptz;
-- Keys of before could do all that their kind could.
UPDATE api_keys SET rights = CASE scope
    WHEN 'vendor' THEN ARRAY['fulfillment:read', 'fulfillment:write', 'stock:write']
    ELSE ARRAY['orders:read', 'orders:write', 'payments:write', 'fulfillment:read', 'fulfillment:write', 'catalog:write',
        'policies:write', 'clock:read', 'clock:write'] END;
-- The same name may stand for two vendors' keys, and for a key that came after a revoked one.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_name_key;
CREATE UNIQUE INDEX api_keys_name ON api_keys (name, vendor_id) NULLS NOT DISTINCT WHERE revoked_at IS NULL;

-- Mail to people with accounts hangs on no order.
ALTER TABLE notifications ALTER order_id DROP NOT NULL;
ALTER TABLE notifications DROP CONSTRAINT notifications_audience_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_audience_check
    CHECK (audience IN ('customer', 'vendor', 'ops', 'person'));

-- Audit ------------------------------------------------------------------------------------------------------------
-- Each row's hash covers the one before, so that a row that is changed, taken out or put in later shows.
CREATE TABLE audit (
    id uuid PRIMARY KEY, position bigint UNIQUE, at timestamptz NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'key', 'platform', 'nobody')),
    actor_id uuid, actor text NOT NULL, vendor_id uuid, action text NOT NULL CHECK (action ~ '^[a-z_]+$'),
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused')), subject text NOT NULL, address text NOT NULL,
    facts jsonb NOT NULL, hash text);
CREATE INDEX audit_actor ON audit (actor_id, position);
CREATE INDEX audit_action ON audit (action, position);
CREATE TABLE audit_head (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1), position bigint NOT NULL, hash text NOT NULL);
INSERT INTO audit_head VALUES (1, 0, '');

CREATE FUNCTION seal_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_head;
    sealed text;
BEGIN
    -- Runs at commit, so the chain is held for a moment and after every other lock.
    SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
    head.position := head.position + 1;
    sealed := encode(sha256(convert_to(concat_ws(E'\n', head.hash, head.position,
        to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), NEW.actor_kind, coalesce(NEW.actor_id::text, ''),
        NEW.actor, coalesce(NEW.vendor_id::text, ''), NEW.action, NEW.outcome, NEW.subject, NEW.address,
        NEW.facts::text), 'UTF8')), 'hex');
    UPDATE audit SET position = head.position, hash = sealed WHERE id = NEW.id;
    UPDATE audit_head SET position = head.position, hash = sealed WHERE id = 1;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_seal AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION seal_audit();

CREATE FUNCTION date_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.at := clock_timestamp();
    NEW.position := NULL;
    NEW.hash := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_date BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION date_audit();

CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- Only the seal itself may be set, once, on a row that has none.
    IF TG_OP = 'UPDATE' AND OLD.hash IS NULL AND NEW.hash IS NOT NULL
        AND to_jsonb(OLD) - 'position' - 'hash' = to_jsonb(NEW) - 'position' - 'hash' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit trail is only added to';
END $$;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();

-- Rights -----------------------------------------------------------------------------------------------------------
-- Passwords, sessions and keys are one role's alone: what ops may read by mistake, it cannot leak.
REVOKE ALL ON users, api_keys FROM onward_ops, onward_worker;
REVOKE ALL ON sessions, recovery_codes, passkeys, links, throttles, audit, audit_head FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON users, api_keys, links, recovery_codes, passkeys, sessions, throttles TO onward_auth;
GRANT DELETE ON recovery_codes, passkeys, sessions, throttles TO onward_auth;
GRANT INSERT ON notifications TO onward_auth;
GRANT EXECUTE ON FUNCTION ensure_cohort TO onward_auth;
GRANT INSERT ON audit TO onward_ops, onward_auth;
GRANT SELECT ON audit, audit_head TO onward_ops, onward_worker;
REVOKE EXECUTE ON FUNCTION seal_audit, keep_audit, date_audit FROM PUBLIC;
-- Versions of a policy are history, and migrations the owner's.
REVOKE UPDATE, DELETE ON policies FROM onward_ops, onward_worker;
REVOKE ALL ON alembic_version FROM onward_ops, onward_worker;
-- What is no longer needed is put away at night.
GRANT SELECT (id, seen_at, created_at), DELETE ON sessions TO onward_worker;
GRANT SELECT (bucket, last_at), DELETE ON throttles TO onward_worker;
GRANT SELECT (id, expires_at), DELETE ON links TO onward_worker;
