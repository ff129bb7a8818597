"""The web application, for a WSGI server and for the flask command."""

from app import create_app
from config import Config

app = create_app(Config.from_environment())
