"""Many photos at once: a bounded number in work, each told about for itself, ended early when there is no hope.

What happens to one photo is `tagging`'s subject.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from recipe_assets.commands.keywording.errors import ServiceRefusedError
from recipe_assets.commands.keywording.outcomes import Outcome, failed
from recipe_assets.commands.keywording.service import Service
from recipe_assets.commands.keywording.tagging import Rules, keyword_photo

Report = Callable[[int, int], None]

log = logging.getLogger(__name__)


def keyword_all(
    photos: Mapping[Path, str], service: Service, rules: Rules, workers: int, report: Report
) -> list[Outcome]:
    """Keyword all photos; what became of each, in order.

    Ctrl-C lets photos in work finish and names those that were not reached as failed, as a service does that
    refuses every photo. No photo is ever left half-written.

    Args:
        photos: their paths, and what each is called.
        service: is asked for the keywords.
        rules: what was asked for.
        workers: photos in work at once.
        report: is told how many of how many are done.
    """
    paths, names = list(photos), list(photos.values())
    outcomes: dict[int, Outcome] = {}

    def one(place: int) -> None:
        # Noted here, not by whoever waits: Ctrl-C ends the waiting, while photos in work are finished.
        stopped = service.stopping.is_set()
        outcomes[place] = (
            _not_reached(names[place]) if stopped else _told(paths[place], names[place], service, rules)
        )

    with ThreadPoolExecutor(workers) as pool, _stopping(service, pool):
        futures = [pool.submit(one, place) for place in range(len(photos))]
        for number, done in enumerate(as_completed(futures), 1):
            done.result()
            report(number, len(photos))
    return [outcomes.get(place) or _not_reached(name) for place, name in enumerate(names)]


@contextmanager
def _stopping(service: Service, pool: ThreadPoolExecutor) -> Iterator[None]:
    """On Ctrl-C nobody waits any more, and what is in work is finished; whoever was not reached is told so."""
    try:
        yield
    except KeyboardInterrupt:
        service.interrupted = True
        service.stopping.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _told(photo: Path, name: str, service: Service, rules: Rules) -> Outcome:
    try:
        return keyword_photo(photo, name, service, rules)
    except ServiceRefusedError as error:
        service.stopping.set()
        return failed(name, str(error))
    except Exception as error:  # a bug with one photo must not leave the others without a keyword
        log.exception("%s met a bug of ours", name)
        return failed(name, f"a bug of ours, please report it: {error!r}")


def _not_reached(name: str) -> Outcome:
    return failed(name, "not reached: run this again")
