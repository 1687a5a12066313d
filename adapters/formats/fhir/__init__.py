"""FHIR R4 messages in the shape of the NHS Booking and Referral Standard (BaRS): bytes and values.

The hub reads one kind of referral, whatever the door: a message becomes the same plain document
that the hub's own JSON carries, and is then checked by the same rules. What cannot be said in
that document (extensions, codes of other systems) is kept as it came. Shapes are checked by
`fhir.resources`; what an element means to the hub is decided here.

The limit: shapes accepted and emitted here were held against the official R4 schema and published
BaRS examples. That is not conformance to a profile, which only its publisher can assess.
"""
