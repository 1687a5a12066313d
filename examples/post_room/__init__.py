"""The demonstration's post room: a mail server that keeps every mail, and a page that shows them.

It imports nothing of the hub and sends nothing on. It keeps the newest mails in memory alone.
"""
