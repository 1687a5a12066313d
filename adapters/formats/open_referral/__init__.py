"""Open Referral UK 3.0: a directory of services, read from other people's feeds and written.

A format beside the others, but not about a person: nothing here is a referral. Source: the UK
profile of the Human Services Data Specification (HSDS) 3.0, its schemas and its OpenAPI.
"""
