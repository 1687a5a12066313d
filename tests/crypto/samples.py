"""A record of one made-up person, and the ids of the agencies around it."""

from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import RecordContext, ReleaseContext, StoredRecord
from referral_hub.crypto.seal import seal_record
from referral_hub.crypto.subject import new_subject_key

SURGERY = "01890000-0000-7000-8000-000000000001"
TIME_BANK = "01890000-0000-7000-8000-000000000002"
MENTORS = "01890000-0000-7000-8000-000000000003"
FIELDS = {
    "identity.first_name": b"Winifred",
    "identity.nhs_number": b"9990000018",
    "need.needs": b'["lonely","drink_drugs"]',
    "health.why": b"recently widowed, low mood",
    "risk.note": b"",
}


def context(**changes: object) -> RecordContext:
    values = {
        "schema": "hub/1",
        "type": "referral",
        "id": "01890000-0000-7000-8000-00000000000a",
        "version": 1,
        "owner": SURGERY,
        "subject_key_id": "01890000-0000-7000-8000-00000000000b",
    }
    return RecordContext(**{**values, **changes})  # type: ignore[arg-type]  # a test's keywords


def sealed(
    keys: FileKeyService, where: RecordContext, fields: dict[str, bytes] | None = None
) -> StoredRecord:
    wrapped = new_subject_key(keys, subject_key_id=where.subject_key_id, owner=where.owner)
    record = seal_record(
        keys,
        wrapped_subject_key=wrapped,
        context=where,
        fields=FIELDS if fields is None else fields,
    )
    return StoredRecord(
        where, wrapped, record.wrapped_record_key, record.key_commitment, record.ciphertexts
    )


def release_of(record: StoredRecord, **changes: object) -> ReleaseContext:
    values = {"record": record.context, "task_id": "task-1", "stage": "offer"}
    return ReleaseContext(**{**values, **changes})  # type: ignore[arg-type]  # a test's keywords
