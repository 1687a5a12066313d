-- A log of :wanted entries of Harbour Street Surgery over three years: copies of a few real entries. PostgreSQL 18.

CREATE TEMP TABLE party ON COMMIT DROP AS SELECT
(SELECT id FROM agency WHERE name = 'Harbour Street Surgery') AS surgery,
(SELECT id FROM agency WHERE name = 'Mereford Good Neighbours') AS neighbours,
(SELECT id FROM agency WHERE name = 'Mereford Council') AS council,
(SELECT id FROM agency WHERE name = 'Mereford Libraries') AS library,
(SELECT id FROM staff_user WHERE username = 'gp') AS gp,
(SELECT id FROM staff_user WHERE username = 'nurse') AS nurse,
(SELECT id FROM staff_user WHERE username = 'neighbours') AS helper;

CREATE TEMP TABLE bytes ON COMMIT DROP AS SELECT
convert_from((SELECT entry FROM log_entry WHERE type = 'decision' AND outcome = 'permit' LIMIT 1), 'UTF8') AS permit;

-- share: how many of 10,000 neighbours in the log are of this kind; the rare ones are handled below.
CREATE TEMP TABLE model ON COMMIT DROP AS SELECT kind.*, convert_to(CASE
WHEN kind.outcome IN ('hold', 'refuse') THEN replace(regexp_replace(replace(permit, '"outcome":"permit"', '"outcome":"' || kind.outcome || '"'),
'"rules":[^]]*]', '"rules":["R05","R15"]'), '"details":{', '"details":{"reason":"' || CASE kind.outcome WHEN 'hold' THEN 'best_interests_missing' ELSE 'consent_expired' END || '",')
WHEN kind.rare THEN replace(permit, '"article6":"e"', '"article6":"d"') ELSE permit END, 'UTF8') AS entry
FROM bytes, (VALUES
('decision', 'permit', 2500, 'neighbours', 'sender', false),
('decision', 'refuse', 250, 'council', 'sender', false),
('decision', 'hold', 50, 'neighbours', 'sender', false),
('release', 'permit', 2000, 'neighbours', 'none', false),
('view', 'permit', 2500, 'council', 'recipient', false),
('view', 'permit', 600, 'self', 'sender', false),
('task', 'accepted', 1200, 'council', 'recipient', false),
('access', 'run', 500, 'none', 'sender', false),
('consent', 'given', 380, 'none', 'sender', false),
('withdrawal', 'withdrawn', 20, 'none', 'sender', false),
('override', 'permit', 0, 'library', 'recipient', true),
('erasure', 'erased', 0, 'none', 'sender', true),
('key', 'rotated', 0, 'none', 'sender', true),
('policy', 'registered', 0, 'none', 'sender', true),
('admin', 'account_added', 0, 'none', 'sender', true)
) AS kind(type, outcome, share, recipient, actor, rare);

CREATE TEMP TABLE place ON COMMIT DROP AS SELECT
row_number() OVER (ORDER BY sha256(convert_to(m.type || m.outcome || m.recipient || n::text, 'UTF8'))) - 1 AS slot, m.*
FROM model m, LATERAL generate_series(1, m.share) n;

-- Five of each rare kind in 900,000 entries.
CREATE TEMP TABLE rarely ON COMMIT DROP AS SELECT n * 900000 + place AS n, r.* FROM
generate_series(0, :wanted / 900000) n, (SELECT model.*, row_number() OVER (ORDER BY type) AS place FROM model WHERE rare) r;

ANALYZE place;

INSERT INTO referral (id, reference, origin_agency_id, owner_agency_id, subject_id, author_user_id,
draft_id, priority, purpose, plan, created_at) SELECT
('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'COPY-' || n, r.origin_agency_id, r.owner_agency_id,
r.subject_id, r.author_user_id, uuidv7(), r.priority, r.purpose, r.plan, r.created_at
FROM generate_series(0, :wanted / 100) n, (SELECT * FROM referral LIMIT 1) r;

INSERT INTO log_entry (id, seq, entry, leaf_hash, type, at, sender_agency_id, recipient_agency_id,
actor_agency_id, actor_user_id, subject_id, referral_id, outcome)
SELECT uuidv7(step.ago), 1000000000 + n, k.entry, sha256(k.entry), k.type, now() + step.ago, p.surgery,
CASE k.recipient WHEN 'neighbours' THEN p.neighbours WHEN 'council' THEN p.council WHEN 'library' THEN p.library
WHEN 'self' THEN p.surgery END,
CASE k.actor WHEN 'sender' THEN p.surgery WHEN 'recipient' THEN CASE k.recipient WHEN 'library' THEN p.library ELSE p.council END END,
CASE k.actor WHEN 'sender' THEN CASE WHEN k.rare THEN p.nurse ELSE p.gp END WHEN 'recipient' THEN p.helper END,
CASE WHEN k.type NOT IN ('access', 'key', 'policy', 'admin') THEN ('00000000-0000-7000-9000-' || lpad(to_hex(n / 20), 12, '0'))::uuid END,
CASE WHEN k.type NOT IN ('access', 'key', 'policy', 'admin') THEN ('00000000-0000-7000-8000-' || lpad(to_hex(n / 100), 12, '0'))::uuid END,
k.outcome
FROM party p, generate_series(1, :wanted) n JOIN place k ON k.slot = n % 10000,
LATERAL (SELECT (n - :wanted - 10) * (interval '1095 days' / :wanted) AS ago) step;

INSERT INTO log_entry (id, seq, entry, leaf_hash, type, at, sender_agency_id, recipient_agency_id,
actor_agency_id, actor_user_id, subject_id, referral_id, outcome)
SELECT uuidv7(step.ago), 2000000000 + n, k.entry, sha256(k.entry), k.type, now() + step.ago, p.surgery,
CASE k.recipient WHEN 'neighbours' THEN p.neighbours WHEN 'council' THEN p.council WHEN 'library' THEN p.library
WHEN 'self' THEN p.surgery END,
CASE k.actor WHEN 'sender' THEN p.surgery WHEN 'recipient' THEN CASE k.recipient WHEN 'library' THEN p.library ELSE p.council END END,
CASE k.actor WHEN 'sender' THEN CASE WHEN k.rare THEN p.nurse ELSE p.gp END WHEN 'recipient' THEN p.helper END,
CASE WHEN k.type NOT IN ('access', 'key', 'policy', 'admin') THEN ('00000000-0000-7000-9000-' || lpad(to_hex(n / 20), 12, '0'))::uuid END,
CASE WHEN k.type NOT IN ('access', 'key', 'policy', 'admin') THEN ('00000000-0000-7000-8000-' || lpad(to_hex(n / 100), 12, '0'))::uuid END,
k.outcome
FROM party p, rarely k,
LATERAL (SELECT (n - :wanted - 10) * (interval '1095 days' / :wanted) AS ago) step
