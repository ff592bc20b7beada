"""Adobe's XMP toolkit (exempi, the library behind UXP's `uxp.xmp`) for scripts that run under Node.

A server of one client: a JSON line in is a call, a JSON line out its answer. `python xmp_toolkit.py IN OUT`, two
named pipes. The methods carry the names that Adobe's XMPMeta and XMPFile have.
"""

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBRARY = "libexempi.so.8"
TEXT, HANDLE, BITS, PLACE = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int32
SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "xmp_new_empty": (HANDLE, []),
    "xmp_new": (HANDLE, [TEXT, ctypes.c_size_t]),
    "xmp_string_new": (HANDLE, []),
    "xmp_string_cstr": (TEXT, [HANDLE]),
    "xmp_string_free": (None, [HANDLE]),
    "xmp_register_namespace": (ctypes.c_bool, [TEXT, TEXT, HANDLE]),
    "xmp_has_property": (ctypes.c_bool, [HANDLE, TEXT, TEXT]),
    "xmp_get_property": (ctypes.c_bool, [HANDLE, TEXT, TEXT, HANDLE, ctypes.POINTER(BITS)]),
    "xmp_set_property": (ctypes.c_bool, [HANDLE, TEXT, TEXT, TEXT, BITS]),
    "xmp_delete_property": (ctypes.c_bool, [HANDLE, TEXT, TEXT]),
    "xmp_get_array_item": (ctypes.c_bool, [HANDLE, TEXT, TEXT, PLACE, HANDLE, ctypes.POINTER(BITS)]),
    "xmp_append_array_item": (ctypes.c_bool, [HANDLE, TEXT, TEXT, BITS, TEXT, BITS]),
    "xmp_serialize": (ctypes.c_bool, [HANDLE, HANDLE, BITS, BITS]),
    "xmp_get_error": (ctypes.c_int, []),
    "xmp_files_open_new": (HANDLE, [TEXT, BITS]),
    "xmp_files_get_new_xmp": (HANDLE, [HANDLE]),
    "xmp_files_can_put_xmp": (ctypes.c_bool, [HANDLE, HANDLE]),
    "xmp_files_put_xmp": (ctypes.c_bool, [HANDLE, HANDLE]),
    "xmp_files_close": (ctypes.c_bool, [HANDLE, BITS]),
}


class Toolkit:
    """One method for each call; handles travel as numbers."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._library.xmp_init()

    def parse(self, packet: str) -> int:
        raw = packet.encode()
        return self._made(self._library.xmp_new(raw, len(raw)) if raw else self._library.xmp_new_empty())

    def register_namespace(self, uri: str, prefix: str) -> None:
        text = self._library.xmp_string_new()
        self._sure(self._library.xmp_register_namespace(uri.encode(), prefix.encode(), text))
        self._library.xmp_string_free(text)

    def does_property_exist(self, meta: int, uri: str, name: str) -> bool:
        return bool(self._library.xmp_has_property(meta, uri.encode(), name.encode()))

    def get_property(self, meta: int, uri: str, name: str) -> str | None:
        return self._text(
            lambda text: self._library.xmp_get_property(
                meta, uri.encode(), name.encode(), text, ctypes.byref(BITS())
            )
        )

    def set_property(self, meta: int, uri: str, name: str, value: str) -> None:
        self._sure(self._library.xmp_set_property(meta, uri.encode(), name.encode(), value.encode(), 0))

    def delete_property(self, meta: int, uri: str, name: str) -> None:
        self._library.xmp_delete_property(meta, uri.encode(), name.encode())

    def get_array_item(self, meta: int, uri: str, name: str, place: int) -> str | None:
        return self._text(
            lambda text: self._library.xmp_get_array_item(
                meta, uri.encode(), name.encode(), place, text, ctypes.byref(BITS())
            )
        )

    def count_array_items(self, meta: int, uri: str, name: str) -> int:
        number = 0
        while self.get_array_item(meta, uri, name, number + 1) is not None:
            number += 1
        return number

    def append_array_item(
        self, meta: int, uri: str, name: str, value: str, item_options: int, array_options: int
    ) -> None:
        library = self._library
        self._sure(
            library.xmp_append_array_item(
                meta, uri.encode(), name.encode(), array_options, value.encode(), item_options
            )
        )

    def delete_array_item(self, meta: int, uri: str, name: str, place: int) -> None:
        self._sure(self._library.xmp_delete_property(meta, uri.encode(), f"{name}[{place}]".encode()))

    def serialize(self, meta: int) -> str:
        found = self._text(lambda text: self._library.xmp_serialize(meta, text, 0, 0))
        self._sure(found is not None)
        return found or ""

    def open_file(self, path: str, flags: int) -> int:
        return self._made(self._library.xmp_files_open_new(path.encode(), flags))

    def get_xmp(self, file: int) -> int:
        return self._library.xmp_files_get_new_xmp(file) or 0

    def can_put_xmp(self, file: int, meta: int) -> bool:
        return bool(self._library.xmp_files_can_put_xmp(file, meta))

    def put_xmp(self, file: int, meta: int) -> None:
        self._sure(self._library.xmp_files_put_xmp(file, meta))

    def close_file(self, file: int, flags: int) -> None:
        self._sure(self._library.xmp_files_close(file, flags))

    def _text(self, read: Callable[[int], bool]) -> str | None:
        text = self._library.xmp_string_new()
        try:
            return self._library.xmp_string_cstr(text).decode() if read(text) else None
        finally:
            self._library.xmp_string_free(text)

    def _made(self, handle: int | None) -> int:
        self._sure(bool(handle))
        return handle or 0

    def _sure(self, done: bool) -> None:
        if not done:
            raise OSError(f"the XMP toolkit refused with error {self._library.xmp_get_error()}")


def main(calls: Path, answers: Path) -> None:
    """Answer until the other side closes its pipe."""
    toolkit = Toolkit()
    with calls.open() as asked, answers.open("w") as answering:
        for line in asked:
            method, *arguments = json.loads(line)
            try:
                answer = {"value": getattr(toolkit, method)(*arguments)}
            except (OSError, ctypes.ArgumentError) as error:
                answer = {"error": str(error)}
            answering.write(json.dumps(answer) + "\n")
            answering.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
