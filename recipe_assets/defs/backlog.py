"""Ten years of shoots at once: register them all, so that a person can backfill them in one action."""

import dagster as dg

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.reporting import plain_errors
from recipe_assets.defs.resources import StudioResource
from recipe_assets.studio.arrivals import require_shoots


class BacklogConfig(dg.Config):
    """`chunk`: partitions added at once; SQLite takes no statement with tens of thousands of variables."""

    chunk: int = 200


@dg.op
def register_shoots(context: dg.OpExecutionContext, config: BacklogConfig, studio: StudioResource) -> None:
    """Add every shoot of the studio as a partition, in chunks; those that are known stay as they are."""
    with plain_errors():
        names = list(require_shoots(studio.open()))
    known = set(context.instance.get_dynamic_partitions(shoots.name or ""))
    new = [name for name in names if name not in known]
    for start in range(0, len(new), config.chunk):
        context.instance.add_dynamic_partitions(shoots.name or "", new[start : start + config.chunk])
        context.log.info(f"registered {min(start + config.chunk, len(new))} of {len(new)} new shoots")
    context.log.info(
        f"{len(names)} shoots: {len(new)} new, {len(names) - len(new)} known; backfill new_shoot next"
    )


@dg.job(description="Register all existing shoots of the studio as partitions, in chunks, ready for one backfill.")
def register_backlog() -> None:
    """One op; it reads no photo."""
    register_shoots()
