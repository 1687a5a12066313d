"""The application for any WSGI server: `gunicorn wsgi:app`."""

import os

from referral_hub.app import create_app
from referral_hub.settings import load_settings

app = create_app(load_settings(os.environ))
