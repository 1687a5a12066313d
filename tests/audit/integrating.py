"""One integrator process, until its parent ends: `integrating.py DATABASE_URL DIRECTORY MOST`.

It says a line once it has integrated for the first time, and takes `MOST` entries at a time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from referral_hub.audit.integrate import Integrator
from referral_hub.clock import pause, system_clock
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.store.engine import open_database
from tests.audit.log_bench import ORIGIN


def main() -> None:
    url, directory, most = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    signer = LogSigner(directory / "keys" / "log.key", origin=ORIGIN)
    memory = directory / "keys" / "log-memory.json"
    integrator = Integrator(open_database(url), signer, memory, system_clock)
    parent = os.getppid()
    integrator.run(most)
    sys.stdout.write("integrating\n")
    sys.stdout.flush()
    while os.getppid() == parent:
        if integrator.run(most).count == 0:
            pause(0.01)


if __name__ == "__main__":
    main()
