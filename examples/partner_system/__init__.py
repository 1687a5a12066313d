"""A partner's system in small: what it takes to receive referrals from the hub and to answer them.

It imports nothing of the hub. Copy what is useful; README.md explains each step.
"""
