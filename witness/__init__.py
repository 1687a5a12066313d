"""A witness: it remembers the newest checkpoint of a log and cosigns only what continues it.

An agency runs it on a machine of its own, so that whoever runs the hub cannot show one past to one
officer and another past to the next. It speaks C2SP tlog-witness and tlog-cosignature (Ed25519), so
it can witness other logs, and other witnesses can be used in its place. It has its own key and its
own file, needs `consent.evidence`, `cryptography` and the standard library, and imports nothing of
the hub. Its limit: it remembers one checkpoint for each log and no entries; and whoever puts back
an older copy of its file has a witness that would sign a second past from there.
"""
