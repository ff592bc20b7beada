"""The one family of errors meant for people: each message says what is wrong, where, and what to do.

Command line, Dagster and API show these messages as they are; any other exception is a bug of ours.
"""


class RecipeError(Exception):
    """Something a person can mend: the message is one line that names the thing and the cure."""


class StudioError(RecipeError):
    """The studio folder or bucket cannot be used."""


class VocabularyError(RecipeError):
    """The vocabulary file contradicts itself or cannot be read."""


class UnreadablePhotoError(RecipeError):
    """A file is not a photo that we can decode; the message is the reason."""


class ModelError(RecipeError):
    """A base checkpoint or a training run cannot be used."""


class ReleaseError(RecipeError):
    """A release or the store that keeps it cannot be used."""


class NoSuchReleaseError(ReleaseError):
    """There is no release of this name in the store."""


class ReleaseConflictError(ReleaseError):
    """Another publisher moved the pointer first; the loser's release is stored, but it is not current."""


class SettingsError(RecipeError):
    """An environment variable has a value that cannot be used."""
