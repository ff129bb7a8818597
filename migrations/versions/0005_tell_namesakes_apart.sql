-- Who it was beside how they are called, and by what orders' lists, people's drafts and vendors' work are found.

-- Whoever may take something back ---------------------------------------------------------------------------------------
-- People choose their names themselves, and two may have the same. NULL: Onward, a program's key, or a row of before.
ALTER TABLE escalations ADD acknowledged_by_id uuid, ADD closed_by_id uuid;
ALTER TABLE dead_letters ADD closed_by_id uuid;
ALTER TABLE timeline ADD actor_id uuid;

-- Rows of before belong to whoever alone has the name; of two who share it, neither takes anything back.
CREATE TEMPORARY TABLE known ON COMMIT DROP AS
    SELECT name, (array_agg(id))[1] AS id FROM users GROUP BY name HAVING count(*) = 1;
UPDATE escalations e SET acknowledged_by_id = k.id FROM known k WHERE e.acknowledged_by = k.name;
UPDATE escalations e SET closed_by_id = k.id FROM known k WHERE e.closed_by = k.name AND e.closed_by <> 'onward';
UPDATE dead_letters d SET closed_by_id = k.id FROM known k WHERE d.closed_by = k.name;

-- Drafts of bulk changes are counted by person --------------------------------------------------------------------------
CREATE INDEX batches_drafts ON batches (made_by_id, made_at, id) WHERE status = 'draft';

-- Orders of which a part is on hold, in each order of their list ---------------------------------------------------------
ALTER TABLE orders ADD has_part_on_hold boolean NOT NULL DEFAULT false;
UPDATE orders SET has_part_on_hold = true
    WHERE id IN (SELECT order_id FROM fulfillment_orders WHERE status = 'on_hold');
CREATE INDEX orders_part_on_hold ON orders (placed_at, id) WHERE has_part_on_hold;
CREATE INDEX orders_part_on_hold_due ON orders (coalesce(deliver_by, '9999-12-31 00:00+00'), id)
    WHERE has_part_on_hold;

-- A vendor finds its work by the beginning of an order's number ---------------------------------------------------------
CREATE INDEX fulfillment_orders_number ON fulfillment_orders (vendor_id, order_number text_pattern_ops);
