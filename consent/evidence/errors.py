"""The root of this package's errors, so that a caller can refuse all of them in one place.

Every message names a position or a field and what is wrong with it, never the value found there:
bundles come from strangers and openings hold personal data.
"""


class EvidenceError(ValueError):
    """Something offered as evidence is not: malformed, altered, or signed by nobody we trust."""
