"""Cryptography by business verb: seal a record, open two of its fields, seal a message for a
partner.

No caller chooses an algorithm, a key length or a nonce; a caller names what it has and for whom.
This package is the only user of `cryptography` and `joserfc`, knows no database, and is split so
that import contracts can tell sealing (anybody who stores) from `unseal` (the one door to
plaintext).

Limit: keys are protected from whoever holds the database, the queue, a log or a backup, not from
whoever runs code inside the process that holds the key service.
"""
