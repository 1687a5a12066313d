"""Roles, grants, row-level security and the two doors that open before the agency is known.

`hub_app` sees a row only when `app.agency` is a party of it; `hub_worker` serves release, outbox
and log. Neither owns a table, neither may update or delete evidence. Ciphertext of records is
write-only for `hub_app`: reading it is the release service's business.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLES = ("hub_app", "hub_worker")

PARTY = "acting_agency() IN (origin_agency_id, owner_agency_id)"
RECEIVED = "(recipient_agency_id = acting_agency() AND released_at IS NOT NULL)"
ANY_PARTY = "acting_agency() IN (origin_agency_id, owner_agency_id, recipient_agency_id)"
EITHER = "acting_agency() IN (origin_agency_id, recipient_agency_id)"
ORIGIN = "origin_agency_id = acting_agency()"
OWN = "agency_id = acting_agency()"
LOGGED = "acting_agency() IN (sender_agency_id, recipient_agency_id, actor_agency_id)"
HAS_TASK = (
    "EXISTS (SELECT 1 FROM task WHERE task.referral_id = referral.id"
    " AND task.recipient_agency_id = acting_agency() AND task.released_at IS NOT NULL)"
)
TOLD = (
    "(recipient_agency_id = acting_agency() AND EXISTS (SELECT 1 FROM task"
    " WHERE task.id = task_event.task_id AND task.released_at IS NOT NULL))"
)

# table: {command: row condition} for hub_app
POLICIES: dict[str, dict[str, str]] = {
    "agency_endpoint": {"SELECT": OWN},
    "service": {"SELECT": "true", "UPDATE": OWN},
    "sharing_agreement": {"SELECT": "acting_agency() IN (sender_agency_id, recipient_agency_id)"},
    "staff_user": {"SELECT": OWN, "INSERT": OWN, "UPDATE": OWN},
    "staff_session": {"SELECT": OWN, "INSERT": OWN, "UPDATE": OWN, "DELETE": OWN},
    "draft": {"SELECT": OWN, "INSERT": OWN, "UPDATE": OWN, "DELETE": OWN},
    "subject": {"SELECT": ORIGIN, "INSERT": ORIGIN},
    "referral": {
        "SELECT": f"{PARTY} OR {HAS_TASK}",
        "INSERT": ORIGIN,
        "UPDATE": ORIGIN,
    },
    "sealed_record": {"INSERT": ORIGIN},
    "consent_event": {"SELECT": ORIGIN, "INSERT": ORIGIN},
    "proxy_authority": {"SELECT": ORIGIN, "INSERT": ORIGIN},
    "task": {
        "SELECT": f"{PARTY} OR {RECEIVED}",
        "INSERT": ORIGIN,
        "UPDATE": f"{PARTY} OR {RECEIVED}",
    },
    "task_event": {"SELECT": f"{PARTY} OR {TOLD}", "INSERT": ANY_PARTY},
    "message": {
        "SELECT": EITHER,
        "INSERT": f"{EITHER} AND author_agency_id = acting_agency()",
    },
    "release": {"SELECT": EITHER},
    "outbox": {"SELECT": PARTY, "INSERT": ANY_PARTY, "UPDATE": PARTY},
    "log_entry": {"SELECT": LOGGED, "INSERT": LOGGED},
    "log_opening": {"INSERT": OWN},
    "used_jti": {
        "SELECT": "issuer = acting_agency()",
        "INSERT": "issuer = acting_agency()",
    },
}

# a number in the log is the integrator's to give, and a password's hash is nobody's to read
LOG_INSERT = (
    "INSERT (id, entry, leaf_hash, type, at, sender_agency_id, recipient_agency_id,"
    " actor_agency_id, actor_user_id, subject_id, referral_id, outcome)"
)

# what hub_app may touch at all; a list of columns where not the whole row
APP_GRANTS: dict[str, tuple[str, ...]] = {
    "agency": ("SELECT",),
    "area": ("SELECT",),
    "agency_endpoint": ("SELECT",),
    "service": ("SELECT", "UPDATE (capacity, capacity_as_of, wait_days, active)"),
    "sharing_agreement": ("SELECT",),
    "staff_user": (
        "SELECT",
        "INSERT",
        (
            "UPDATE (display_name, password_hash, role, sealed_totp, key_version, totp_counter,"
            " disabled_at)"
        ),
    ),
    "staff_session": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "draft": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "subject": ("SELECT", "INSERT"),
    "referral": ("SELECT", "INSERT", "UPDATE (withdrawn_at)"),
    "sealed_record": ("INSERT",),
    "consent_event": ("SELECT", "INSERT"),
    "proxy_authority": ("SELECT", "INSERT"),
    "task": ("SELECT", "INSERT", "UPDATE (state, reason, outcome, moved_at, due_at, version)"),
    "task_event": ("SELECT", "INSERT"),
    "message": (
        (
            "SELECT (id, task_id, referral_id, origin_agency_id, recipient_agency_id,"
            " author_agency_id, kind, at)"
        ),
        "INSERT",
    ),
    "release": (
        (
            "SELECT (id, task_id, referral_id, origin_agency_id, recipient_agency_id, stage,"
            " field_ids, entry_id, effect_id, at)"
        ),
    ),
    "outbox": (
        "SELECT",
        "INSERT",
        "UPDATE (state, attempts, due_at, lease_until, last_code, settled_at)",
    ),
    "log_entry": ("SELECT", LOG_INSERT),
    "log_opening": ("INSERT",),
    "log_tile": ("SELECT",),
    "log_checkpoint": ("SELECT",),
    "used_jti": ("SELECT", "INSERT"),
}

WORKER_GRANTS: dict[str, tuple[str, ...]] = {
    "agency": ("SELECT",),
    "area": ("SELECT",),
    "agency_endpoint": ("SELECT",),
    "service": ("SELECT", "UPDATE (last_offered_at)"),
    "sharing_agreement": ("SELECT",),
    "staff_user": (
        (
            "SELECT (id, agency_id, username, display_name, role, sealed_totp, key_version,"
            " totp_counter, disabled_at, created_at)"
        ),
        "UPDATE (sealed_totp, key_version)",
    ),
    "staff_session": ("SELECT", "DELETE"),
    "draft": ("SELECT", "DELETE", "UPDATE (sealed_form, key_version)"),
    "subject": ("SELECT", "UPDATE (wrapped_key, key_version)"),
    "referral": ("SELECT",),
    "sealed_record": ("SELECT",),
    "consent_event": ("SELECT",),
    "proxy_authority": ("SELECT",),
    "task": (
        "SELECT",
        "INSERT",
        "UPDATE (state, reason, outcome, decision, released_at, moved_at, due_at, version)",
    ),
    "task_event": ("SELECT", "INSERT"),
    "message": (
        "SELECT",
        "UPDATE (wrapped_for_origin, wrapped_for_recipient, key_version)",
    ),
    "release": ("SELECT", "INSERT", "UPDATE (wrapped_keys, key_version)"),
    "outbox": ("SELECT", "INSERT", "UPDATE"),
    "log_entry": ("SELECT", LOG_INSERT, "UPDATE (seq)"),
    "log_opening": ("SELECT", "INSERT", "UPDATE (sealed_openings, key_version)"),
    "log_tile": ("SELECT", "INSERT", "UPDATE"),
    "log_checkpoint": ("SELECT", "INSERT"),
    "used_jti": ("SELECT", "DELETE"),
}

FUNCTIONS = (
    """
    CREATE FUNCTION acting_agency() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT current_setting('app.agency')::uuid $$
    """,
    """
    CREATE FUNCTION expect_rows(counted bigint, wanted bigint) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN
        IF counted <> wanted THEN
            RAISE EXCEPTION 'a row has moved on since it was read' USING ERRCODE = 'RH409';
        END IF;
    END $$
    """,
    """
    CREATE VIEW agency_standing AS
        SELECT a.id AS agency_id, a.name, a.kind, a.active, a.joined_at, a.insured_until,
               e.agency_id IS NULL
               OR (e.enabled AND (e.transport = 'inbox' OR e.encryption_jwk IS NOT NULL))
               AS key_registered,
               COALESCE(e.transport, 'inbox') AS transport
        FROM agency a LEFT JOIN agency_endpoint e ON e.agency_id = a.id
    """,
    """
    CREATE FUNCTION staff_for_sign_in(wanted text)
    RETURNS TABLE (id uuid, agency_id uuid, role text, password_hash text, sealed_totp bytea,
                   totp_counter bigint, disabled boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT u.id, u.agency_id, u.role, u.password_hash, u.sealed_totp, u.totp_counter,
               u.disabled_at IS NOT NULL OR NOT a.active
        FROM staff_user u JOIN agency a ON a.id = u.agency_id
        WHERE u.username = wanted
    $$
    """,
    """
    CREATE FUNCTION session_principal(token bytea, seen_at timestamptz, idle interval,
                                      absolute interval)
    RETURNS TABLE (user_id uuid, agency_id uuid, role text, display_name text, agency_name text,
                   live boolean)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        WITH found AS MATERIALIZED (
            SELECT s.token_hash, s.last_seen_at, s.user_id, s.agency_id, u.role, u.display_name,
                   a.name AS agency_name,
                   u.disabled_at IS NULL AND a.active
                   AND s.last_seen_at > seen_at - idle
                   AND s.created_at > seen_at - absolute AS live
            FROM staff_session s
            JOIN staff_user u ON u.id = s.user_id
            JOIN agency a ON a.id = s.agency_id
            WHERE s.token_hash = token
        ), touched AS (
            UPDATE staff_session s SET last_seen_at = seen_at
            FROM found WHERE s.token_hash = found.token_hash AND found.live
            AND found.last_seen_at < seen_at - interval '1 minute'
        )
        SELECT user_id, agency_id, role, display_name, agency_name, live FROM found
    $$
    """,
)


def upgrade() -> None:
    """Create roles, functions, grants and policies."""
    for role in ROLES:
        for statement in _having(role):
            op.execute(statement)
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for function in FUNCTIONS:
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION staff_for_sign_in FROM PUBLIC")
    op.execute("REVOKE ALL ON FUNCTION session_principal FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION staff_for_sign_in, session_principal TO hub_app")
    for role, grants in (("hub_app", APP_GRANTS), ("hub_worker", WORKER_GRANTS)):
        for table, privileges in grants.items():
            op.execute(f'GRANT {", ".join(privileges)} ON "{table}" TO {role}')
    op.execute("GRANT SELECT ON agency_standing TO hub_app, hub_worker")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO hub_worker")
    for table, commands in POLICIES.items():
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY worker_all ON "{table}" TO hub_worker USING (true)')
        for command, condition in commands.items():
            op.execute(_policy(table, command, condition))


def downgrade() -> None:
    """Remove policies, grants and functions; the roles stay, other databases may use them."""
    for table, commands in POLICIES.items():
        for command in commands:
            op.execute(f'DROP POLICY app_{command.lower()} ON "{table}"')
        op.execute(f'DROP POLICY worker_all ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
    for role in ROLES:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
    op.execute("DROP VIEW agency_standing")
    op.execute("DROP FUNCTION staff_for_sign_in, session_principal, acting_agency, expect_rows")


def _having(role: str) -> tuple[str, str]:
    """Make the role and join it, unless an administrator has done so for an owner who may not."""
    make = (
        f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN"
        f" CREATE ROLE {role} NOLOGIN; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
    )
    join = (
        f"GRANT {role} TO CURRENT_USER; EXCEPTION WHEN insufficient_privilege THEN"
        f" IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN RAISE; END IF;"
    )
    return f"DO $$ BEGIN {make} END $$", f"DO $$ BEGIN {join} END $$"


def _policy(table: str, command: str, condition: str) -> str:
    clause = "WITH CHECK" if command == "INSERT" else "USING"
    return (
        f'CREATE POLICY app_{command.lower()} ON "{table}" FOR {command} TO hub_app'
        f" {clause} ({condition})"
    )
