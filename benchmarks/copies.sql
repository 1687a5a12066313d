-- Copy one accepted referral, with all its rows, as often as wanted: same shapes, new ids. PostgreSQL 18.

CREATE TEMP TABLE model ON COMMIT DROP AS SELECT id, subject_id FROM referral LIMIT 1;

CREATE TEMP TABLE copies ON COMMIT DROP AS SELECT uuidv7() AS id, uuidv7() AS subject_id, n FROM
generate_series(1, :wanted) n;

INSERT INTO subject (id, origin_agency_id, wrapped_key, key_version, created_at) SELECT
c.subject_id, s.origin_agency_id, s.wrapped_key, s.key_version, s.created_at FROM copies c,
subject s WHERE s.id = (SELECT subject_id FROM model);

INSERT INTO referral (id, reference, origin_agency_id, owner_agency_id, subject_id,
author_user_id, draft_id, priority, purpose, plan, created_at) SELECT c.id, 'COPY-' || c.id,
r.origin_agency_id, r.owner_agency_id, c.subject_id, r.author_user_id, uuidv7(), r.priority,
r.purpose, r.plan, r.created_at FROM copies c, referral r WHERE r.id = (SELECT id FROM model);

INSERT INTO sealed_record SELECT c.id, r.version, r.origin_agency_id, c.subject_id,
r.wrapped_record_key, r.key_commitment, r.ciphertext_hash, r.field_ids, r.ciphertexts FROM
copies c, sealed_record r WHERE r.referral_id = (SELECT id FROM model);

INSERT INTO consent_event (id, origin_agency_id, subject_id, referral_id, state, event_type,
purpose, classes, recipients, confidentiality, service_agreement, notice_id, notice_version,
notice_language, notice_hash, method, given_by, evidence, taken_by, valid_from, valid_until,
recorded_at) SELECT uuidv7(), e.origin_agency_id, c.subject_id, c.id, e.state, e.event_type,
e.purpose, e.classes, e.recipients, e.confidentiality, e.service_agreement, e.notice_id,
e.notice_version, e.notice_language, e.notice_hash, e.method, e.given_by, e.evidence,
e.taken_by, e.valid_from, e.valid_until, e.recorded_at FROM copies c, consent_event e WHERE
e.referral_id = (SELECT id FROM model);

INSERT INTO log_entry (id, seq, entry, leaf_hash, type, at, sender_agency_id,
recipient_agency_id, actor_agency_id, actor_user_id, subject_id, referral_id, outcome) SELECT
uuidv7(), NULL, l.entry, l.leaf_hash, l.type, l.at, l.sender_agency_id, l.recipient_agency_id,
l.actor_agency_id, l.actor_user_id, c.subject_id, c.id, l.outcome FROM copies c, log_entry l
WHERE l.referral_id = (SELECT id FROM model);

INSERT INTO task (id, referral_id, slot, position, service_id, origin_agency_id,
owner_agency_id, recipient_agency_id, state, decision, created_at, moved_at) SELECT uuidv7(),
c.id, t.slot, t.position, t.service_id, t.origin_agency_id, t.owner_agency_id,
t.recipient_agency_id, 'closed', t.decision, t.created_at, t.moved_at FROM copies c, task t
WHERE t.referral_id = (SELECT id FROM model);

INSERT INTO task_event (id, task_id, referral_id, origin_agency_id, owner_agency_id,
recipient_agency_id, event, state, entry_id, at) SELECT uuidv7(), t.id, t.referral_id,
t.origin_agency_id, t.owner_agency_id, t.recipient_agency_id, 'place', 'closed', (SELECT
min(id::text)::uuid FROM log_entry), t.created_at FROM task t JOIN copies c ON c.id =
t.referral_id;

INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id, owner_agency_id,
recipient_agency_id, state, due_at, created_at) SELECT uuidv7(), 'offer', t.id, t.referral_id,
t.slot, t.origin_agency_id, t.owner_agency_id, t.recipient_agency_id, 'delivered', t.created_at,
t.created_at FROM task t JOIN copies c ON c.id = t.referral_id;
