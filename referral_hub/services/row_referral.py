"""A row that says enough, as the command that any door gives to `submit_referral`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from consent.model import EventState, GivenBy
from referral_hub.domain.commands import AgreementTaken, SubmitReferral
from referral_hub.domain.csv_mapping import AgreedTo, CsvMapping, RowField
from referral_hub.domain.csv_wishes import wishes_of
from referral_hub.domain.months import months_later
from referral_hub.services.assemble_referral import PlainReferral, assemble

_FIELDS = (
    RowField.FIRST_NAME,
    RowField.FAMILY_NAME,
    RowField.DATE_OF_BIRTH,
    RowField.NHS_NUMBER,
    RowField.AREA,
    RowField.ADDRESS,
    RowField.POSTCODE,
    RowField.PHONE,
    RowField.EMAIL,
    RowField.LANGUAGE,
    RowField.WHY,
    RowField.TASK_NOTE,
)


def referral_of_row(
    values: Mapping[str, Any], mapping: CsvMapping, *, batch: tuple[UUID, int], today: date
) -> SubmitReferral:
    """Return the referral that a row's `values` are; `batch` is its file and its line.

    The agreement runs from the day of the visit, on which it was given, not from the import.
    """
    import_id, line = batch
    day: date = values.get(RowField.VISIT_DATE) or today
    plain = PlainReferral(
        **{name.value: values[name] for name in _FIELDS if values.get(name)},
        needs=frozenset(values[RowField.NEEDS]),
        priority=mapping.priority,
        wishes=wishes_of(values),
        agreement=_agreement(mapping.agreed_to, months_later(day, mapping.agreed_to.months)),
    )
    return assemble(plain, uuid.uuid5(import_id, str(line)))


def _agreement(agreed: AgreedTo, until: date) -> AgreementTaken:
    notice_id, version, language = agreed.notice.split("/")
    return AgreementTaken(
        state=EventState.GIVEN,
        recipients=agreed.agencies,
        classes=agreed.classes,
        notice_id=notice_id,
        notice_version=version,
        notice_language=language,
        method=agreed.method,
        given_by=GivenBy.SELF,
        valid_until=until,
        service_agreement=True,
    )
