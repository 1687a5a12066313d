"""Bytes to and from a ReferralDocument. Pure: sees plaintext, has no network."""
