"""`python -m api`: serve, one process, until Ctrl-C or SIGTERM."""

import os
import resource
import sys
from contextlib import suppress

from api.app import create_app
from api.listening import http_server, listen
from api.monitoring import logs
from api.settings import Settings
from recipe_assets.errors import RecipeError

_FILES = 65_536


def main() -> int:
    """Serve; the exit status is 1 if a setting or the port cannot be used."""
    logs.configure()
    _allow_many_connections()
    try:
        settings = Settings.from_env(os.environ)
        app = create_app(settings)
        listener = listen(settings)
    except RecipeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # uvicorn has stopped in good order by the time that it hands Ctrl-C on.
    with listener, suppress(KeyboardInterrupt):
        http_server(app, settings).run(sockets=[listener])
    return 0


def _allow_many_connections() -> None:
    """Take the open files that the system would allow anyway; the usual 1024 are soon used up by idle clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
