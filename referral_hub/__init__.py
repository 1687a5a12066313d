"""Referral Hub: a consent-gated, multi-agency hub for encrypted referrals."""
