"""The zero-set-up default: a private PostgreSQL and Redis, from wheels, on Unix sockets.

Nothing listens on the network, nothing is installed on the machine, and both stop with the process
that started them. One process owns a data directory (a lock file says which); every other command
that is given the same directory attaches to what the owner runs, and ends with it. The limit: this
is for development, demonstrations and tests. Production refuses it (`referral_hub.settings`),
because nobody backs up, patches or watches these servers.
"""

from referral_hub.embedded.start import Embedded, start

__all__ = ["Embedded", "start"]
