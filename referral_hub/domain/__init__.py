"""Pure rules of the referral's journey: no I/O, no clock, no database."""
