"""What people are told: the words in use, proposed and before, and writing new ones.

Nothing is proposed that its writer has not seen as people will see it: the form carries the hash of
what was shown, and other words are shown again first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, url_for

from consent.notices import Notice, own_notice
from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import ItemState, Register
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import words_in_use, words_of
from referral_hub.services.own_notices import (
    OwnWords,
    Writing,
    notice_ids,
    own_words,
    propose_words,
)
from referral_hub.services.registers import Item, read_register
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.registers import Choices, WordsPage, WritingStep
from referral_hub.web.register_words import Described, described
from referral_hub.web.rendering import and_list, today, words

_PROPOSED = frozenset({ItemState.WAITING, ItemState.NOT_YET})
LOOK_AGAIN = "These are other words than those you saw. Look at them again, then propose them"


@dataclass(frozen=True, slots=True)
class Told:
    """Words of a list or page: their item (None: they came with the hub), their text, and what is
    used in their language now.
    """

    title: str
    words: Notice | None
    item: Described | None = None
    before: Notice | None = None


def show_all(hub: Hub, actor: Actor) -> str:
    """What is used now, what is proposed, and what was before."""
    items = read_register(hub, actor, Register.NOTICES)
    used = [one for name in notice_ids() for one in words_in_use(hub, actor, name)]
    keys = {_key(one): one for one in used}
    now = [item for item in items if item.state is ItemState.IN_FORCE and _item_key(item) in keys]
    adopted = {_item_key(item) for item in now}
    installed = [Told(_title(one), one) for key, one in keys.items() if key not in adopted]
    proposed = [item for item in items if item.state in _PROPOSED]
    before = [item for item in items if item not in now and item not in proposed]
    return render_template(
        "registers/words_list.html",
        used=[*(_told(item, actor) for item in now), *installed],
        proposed=[_told(item, actor) for item in proposed],
        before=[_told(item, actor) for item in before],
        back=url_for("registers.show_all"),
    )


def told(hub: Hub, actor: Actor, item: Item) -> Told:
    """The words of an item, beside those used in their language while it waits."""
    before = None
    if item.open:
        used = words_in_use(hub, actor, item.row["notice_id"])
        before = _in_language(used, item.row["notice_language"])
    return Told("", words_of(item.row), before=before)


def write_form(hub: Hub, actor: Actor) -> str:
    """An empty page."""
    return _page(hub, actor, own_words(hub, actor), Filled())


def write(hub: Hub, actor: Actor) -> Any:
    """Show the words as people will see them, or propose them."""
    ours = own_words(hub, actor)
    form = read_form(WordsPage(_choices(hub, ours)))
    if not form.ok:
        return _page(hub, actor, ours, form), 422
    shown = _preview(hub, form.values)
    if form.values["step"] is WritingStep.LOOK:
        return _page(hub, actor, ours, form, preview=shown)
    if form.values["seen"] != shown.sha256:
        form = form.with_errors(text=LOOK_AGAIN)
        return _page(hub, actor, ours, form, preview=shown), 422
    try:
        item_id = propose_words(hub, actor, _writing(form.values))
    except InvalidInput as problem:
        form = form.with_errors(**{name: said[0] for name, said in problem.fields.items()})
        return _page(hub, actor, ours, form, preview=shown), 422
    except Conflict as refused:
        form = form.with_errors(language=str(refused))
        return _page(hub, actor, ours, form, preview=shown), 409
    return redirect(url_for("registers.show", register="notices", item_id=item_id))


def _page(
    hub: Hub, actor: Actor, ours: OwnWords, form: Filled, *, preview: Notice | None = None
) -> str:
    used = words_in_use(hub, actor, preview.id) if preview else []
    return render_template(
        "registers/write_words.html",
        form=form,
        choices=_choices(hub, ours),
        preview=preview,
        before=_in_language(used, preview.language) if preview else None,
        others=_others(used, preview) if preview else "",
        back=url_for("notice_pages.show_all"),
    )


def _choices(hub: Hub, ours: OwnWords) -> Choices:
    return Choices(
        today(hub.clock()),
        notices={name: words().words(name, "Notice") for name in notice_ids()},
        versions={ours.next: f"A new version: {ours.next}"}
        | {one: f"A translation of version {one}" for one in ours.versions},
        languages=words().languages(),
    )


def _others(used: Sequence[Notice], preview: Notice) -> str:
    """What the writer must know of other languages before they propose."""
    other = [one for one in used if one.language != preview.language]
    behind = [one for one in other if one.version != preview.version]
    if not behind:
        return ""
    named = and_list(
        f"{words().words(one.language, 'Language')} (version {one.version})" for one in behind
    )
    return (
        f"In other languages people are told other words: {named}. Write translations of this"
        " version too. Once your agency has approved words of its own, only approved words are"
        " used, so what merely came with the hub is no longer offered until you adopt it."
    )


def _preview(hub: Hub, values: Mapping[str, Any]) -> Notice:
    names = (values["notice"], values["version"], values["language"])
    return own_notice(names, values["text"], since=hub.clock())


def _writing(values: Mapping[str, Any]) -> Writing:
    return Writing(
        notice_id=values["notice"],
        version=values["version"],
        language=values["language"],
        text=values["text"],
        since=values["since"],
        until=values["until"],
        review_on=values["review_on"],
        document=values["document"],
    )


def _told(item: Item, actor: Actor) -> Told:
    one = described(item, actor, words())
    return Told(one.title, words_of(item.row), one)


def _title(notice: Notice) -> str:
    language = words().words(notice.language, "Language")
    return f"{notice.id}, version {notice.version}, {language}"


def _in_language(used: Sequence[Notice], language: str) -> Notice | None:
    return next((one for one in used if one.language == language), None)


def _key(notice: Notice) -> tuple[str, str, str]:
    return notice.id, notice.version, notice.language


def _item_key(item: Item) -> tuple[str, str, str]:
    row = item.row
    return row["notice_id"], row["notice_version"], row["notice_language"]
