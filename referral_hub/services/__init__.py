"""One use case per module, named by a verb; each owns its one transaction."""
