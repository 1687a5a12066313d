"""Ratios measured in one run: what the hub costs beside the bare thing that it is built on.

Absolute figures of a shared machine mean little; two rates measured in turn in the same minute do.
Rounds of the two sides alternate, and the median of the rounds' ratios is what counts. Nothing here
is a test.
"""
