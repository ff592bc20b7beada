"""`python -m api`: serve with uvicorn, one worker, until Ctrl-C."""

import logging
import os
import socket
import sys

import uvicorn

from api.app import create_app
from api.settings import Settings
from recipe_assets.errors import RecipeError, SettingsError


def main() -> int:
    """Serve; the exit status is 1 if a setting or the port cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write every photo's URL to the log
    logging.getLogger("uvicorn.access").addFilter(without_query)
    try:
        settings = Settings.from_env(os.environ)
        app = create_app(settings)
        listener = listen(settings)
    except RecipeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with listener:
        # Forwarded headers are not believed: the admin guard must see who really calls.
        config = uvicorn.Config(app, log_config=None, proxy_headers=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def without_query(record: logging.LogRecord) -> bool:
    """Cut the query off a line of the access log: the URLs given to /classify may be signed ones."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            str(part).partition("?")[0] if place == 2 else part for place, part in enumerate(record.args)
        )
    return True


def listen(settings: Settings) -> socket.socket:
    """Bind the port before anything is loaded.

    Raises:
        SettingsError: if port or host cannot be bound.
    """
    host, port = settings.host, settings.port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        raise SettingsError(f"the host {host} is not known ({error.strerror}): change RECIPE_API_HOST") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"port {port} on {host} cannot be used ({reason}): stop what runs there or change RECIPE_API_PORT"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
