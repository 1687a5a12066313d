"""The law of the system: may this data about this person go to that agency, now?

Pure and readable by a privacy officer. Start at `consent.decide`, which reads like the list of
rules; the words, codes and minimum sets it uses are data in `consent/tables`. Nothing here knows
a database, a network, a clock or a web page: facts and the instant come in as arguments, and a
decision comes out as a value.
"""
