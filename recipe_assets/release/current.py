"""The pointer where it lies in a store: read with its version, moved by compare-and-swap.

What the pointer says is `pointer`'s subject; when it may move is decided in `store` and `candidates`.
"""

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from recipe_assets.release.objects import Objects
from recipe_assets.release.pointer import POINTER, Pointer, Versioned, decode_pointer, encode_pointer


class CurrentPointer:
    """Says which release of one store is current, and makes another one current."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self) -> Versioned | None:
        """The pointer with its version token, or None before the first release.

        Raises:
            ReleaseError: if the store cannot be reached or the pointer is damaged.
        """
        pointer, token = self.slot()
        return Versioned(pointer, token) if pointer is not None and token is not None else None

    def slot(self, *, tolerant: bool = False) -> tuple[Pointer | None, str | None]:
        """The pointer, and the token of whatever stands in its place; a damaged one is None if that is tolerated.

        Raises:
            ReleaseError: if the store cannot be reached, or the pointer is damaged and that is not tolerated.
        """
        content = self._objects.read(POINTER)
        if content is None:
            return None, None
        try:
            return decode_pointer(content.data, f"{self._objects.url}/{POINTER}"), content.token
        except ReleaseError:
            if tolerant:
                return None, content.token
            raise

    def move(self, pointer: Pointer, expected: str | None) -> Pointer:
        """Make the pointer's release current if the version is still the expected one.

        Raises:
            ReleaseConflictError: if another publisher moved the pointer meanwhile.
        """
        if swap_once(self._objects, POINTER, encode_pointer(pointer), expected):
            return pointer
        now = self.read()
        winner = f"{now.pointer.release_id} is current" if now else "the pointer is gone"
        loser = pointer.release_id
        raise ReleaseConflictError(
            f"the pointer of {self._objects.url} moved meanwhile: {winner}; release {loser} is stored but not "
            f"current: keep it so, or roll to it by name ({loser}), or train again on what is current now"
        )


def swap_once(objects: Objects, key: str, data: bytes, expected: str | None) -> bool:
    """Compare-and-swap a small object; True, too, if our own write arrived and only its answer was lost."""
    if objects.swap(key, data, expected):
        return True
    found = objects.read(key)
    return found is not None and found.data == data
