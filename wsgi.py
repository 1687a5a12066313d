"""The application for any WSGI server: `gunicorn wsgi:app`."""

import os

from referral_hub.app import create_app
from referral_hub.settings import load_settings
from referral_hub.wiring import build_hub

app = create_app(build_hub(load_settings(os.environ)))
