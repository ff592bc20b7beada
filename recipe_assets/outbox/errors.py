"""What can go wrong with the outbox, in words for people."""

from recipe_assets.errors import RecipeError


class OutboxError(RecipeError):
    """The outbox cannot be used, or not for this file."""


class OutboxPathError(OutboxError):
    """This one file cannot have this path there; others can have theirs."""


class OutboxChangedError(OutboxError):
    """A file of the outbox is not as it was expected to be: somebody else wrote, moved or removed it."""
