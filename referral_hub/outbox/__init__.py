"""SQL is the record, Redis is the doorbell: what is due, when to try again, and how to wake a
worker.
"""
