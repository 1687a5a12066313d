"""Sending. Has the network, sees only sealed bytes."""
