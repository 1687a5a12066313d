"""What an outsider needs to check the hub, and nothing else.

The log follows published formats byte for byte (RFC 6962, RFC 8785 and the C2SP signed-note,
tlog-checkpoint, tlog-tiles and tlog-proof texts), so that a data protection officer may check it
with somebody else's tools as well as with `python -m consent.evidence.verify`. This package needs
the standard library and `cryptography` (to verify Ed25519 signatures; it cannot make one). It
reads no clock, no network and no settings. Its limit: it proves that what was logged was not
changed since, never that everything was logged.
"""
