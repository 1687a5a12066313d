"""The coordinator's page: plain HTML without script, for a screen reader as much as for an eye."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

STYLE = (Path(__file__).parent / "style.css").read_text()
# What can be done, in words, and the codes of the hub of which one must be chosen.
ACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "accept": ("Accept", ()),
    "decline": ("Decline", ("no_capacity", "out_of_area", "not_eligible", "not_suitable")),
    "contact": ("We have made first contact", ()),
    "close": ("Close", ("helped", "partly_helped", "could_not_contact", "declined_by_person")),
}
LANGUAGES = {
    "en": "English",
    "cy": "Welsh",
    "pl": "Polish",
    "ur": "Urdu",
    "bsl": "British Sign Language",
}
NEXT = {
    "offered": ("accept", "decline"),
    "accepted": ("contact", "close"),
    "in_progress": ("close",),
}


def sign_in_page(problem: str = "") -> str:
    """The form to sign in."""
    alert = f'<p role="alert">{problem}</p>' if problem else ""
    return _page(
        "Error: sign in" if problem else "Sign in",
        f"""<h1>Sign in</h1>{alert}<form method="post" action="/sign-in">
        <p><label for="code">The code that the program printed when it started</label></p>
        <input id="code" name="code" autocomplete="off"> <button>Sign in</button></form>""",
    )


def tasks_page(tasks: list[tuple[dict[str, str], list[dict[str, Any]]]]) -> str:
    """Every task with the documents about it."""
    shown = "".join(_task(task, documents) for task, documents in tasks)
    content = shown or "<p>Nobody has asked for help yet.</p>"
    return _page("Requests for help", f"<h1>Requests for help</h1>{content}")


def _task(task: dict[str, str], documents: list[dict[str, Any]]) -> str:
    told = {name: value for document in documents for name, value in document["fields"].items()}
    reference = escape(task["reference"])
    details = "".join(
        f"<dt>{escape(_words(name.partition('.')[2]).capitalize())}</dt>"
        f"<dd>{escape(_words(value))}</dd>"
        for name, value in told.items()
        if _words(value)
    )
    waiting = ", telling the hub" if task["wanted"] else ""
    alert = f'<p role="alert">{escape(task["problem"])}</p>' if task["problem"] else ""
    steps = () if task["wanted"] else NEXT.get(task["state"], ())
    forms = "".join(_form(task["task_id"], step, reference) for step in steps)
    return f"""<article><h2>{reference}</h2><p>State: {_words(task["state"])}{waiting}</p>
    {alert}<dl>{details}</dl>{forms}</article>"""


def _form(task_id: str, action: str, reference: str) -> str:
    label, codes = ACTIONS[action]
    about = f'<span class="unseen"> {reference}</span>'
    field = f"{action}-{escape(task_id)}"
    options = "".join(f'<option value="{code}">{_words(code)}</option>' for code in codes)
    chooser = f"""<p><label for="{field}">{label}: why{about}</label>
    <select id="{field}" name="code">{options}</select></p>"""
    ending = f"""<p><input type="checkbox" id="told-{field}" name="person_told" value="yes">
    <label for="told-{field}">The person has been told</label></p><p><label for="next-{field}">What
    happens next</label> <input id="next-{field}" name="next_step" required></p>"""
    return f"""<form method="post" action="/tasks/{escape(task_id)}/{action}">
    {chooser if codes else ""}{ending if action == "close" else ""}
    <button>{label}{about}</button></form>"""


def _words(value: Any) -> str:
    if isinstance(value, dict) and "tag" in value:
        name = LANGUAGES.get(value["tag"], value["tag"])
        return f"{name}, with an interpreter" if value.get("interpreter") else str(name)
    if isinstance(value, dict):
        return "\n".join(f"{_words(name)}: {_words(item)}" for name, item in value.items() if item)
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return str(value).replace("_", " ")


def _page(title: str, content: str) -> str:
    return f"""<!doctype html><html lang="en-GB"><head><meta charset="utf-8">
    <title>{title} – partner system</title><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="/style.css"></head><body><main>{content}</main></body></html>"""
