"""Flask only: parse, call one service, render.

Each page is a function of about fifteen lines that is given the hub, the actor its guard admitted,
and the ids in its address. Where it is reachable and for whom stands beside it in one table,
`web.routes.ROUTES`; the shape of a new part is

    routes.py      Route("/tasks/<uuid:task_id>", tasks.show, staff(Permission.READ_TASK))
    navigation.py  Item("tasks.list_all", "Referrals to you", Permission.LIST_TASKS)
    tasks.py       def show(hub: Hub, actor: Actor, task_id: UUID) -> Page: ...
    forms/*.py     one `FormPage` schema for each form; `read_form(schema)` gives a `Filled`
    templates/*    extends "layout.html", fields by "_fields.html", words by the `label` filter

Nothing personal goes into an address, a log line or a cookie. The limit: a view holds no rule; if
it has to decide something, that belongs to a service, `access` or `consent`.
"""
