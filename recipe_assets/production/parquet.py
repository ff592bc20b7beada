"""Logged predictions as Parquet, there and back. No pandas: the API's shipping process runs this, too.

The columns are stated in `release.prediction_record`, which files there are in `release.prediction_store`.
"""

import io
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from recipe_assets.errors import RecipeError
from recipe_assets.release.prediction_record import COLUMNS, REQUIRED, PredictionRecord

_TYPES = {
    str: pa.string(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", "UTC"),
}
SCHEMA = pa.schema([pa.field(name, _TYPES[kind]) for name, kind in COLUMNS.items()])
LARGEST_FILE = 64 << 20
"""Bytes of a Parquet file beyond which it is not ours: a segment of the log has one megabyte."""
_DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, TypeError)
"""What Arrow raises over a file with a few bytes flipped, found by flipping them."""


class PredictionFileError(RecipeError):
    """A file of predictions cannot be read."""


class Encoded(NamedTuple):
    """A segment of the log as Parquet."""

    content: bytes | None
    """None if no line could be read."""
    rows: int
    unreadable: int
    """Lines that are no records: the last one after a power cut, or damage."""


def to_parquet(lines: bytes) -> Encoded:
    """Write lines of JSON as one Parquet file; equal lines give equal bytes (of one version of pyarrow).

    A line that is no record is left out and counted; a record twice is kept once. Reads JSON by pyarrow itself,
    which is fast and never imports pandas.
    """
    kept: dict[str, bytes] = {}
    unreadable = 0
    for line in lines.splitlines():
        try:
            record = msgspec.json.decode(line, type=PredictionRecord)
        except (msgspec.DecodeError, UnicodeDecodeError):
            unreadable += 1
        else:
            # Written anew, so that Arrow's parser only ever meets our own spelling of times and numbers.
            utc = msgspec.structs.replace(record, time=record.time.astimezone(UTC))
            kept.setdefault(record.row_id, msgspec.json.encode(utc))
    if not kept:
        return Encoded(None, 0, unreadable)
    table = pj.read_json(
        io.BytesIO(b"\n".join(kept.values())),
        read_options=pj.ReadOptions(use_threads=False),
        parse_options=pj.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="ignore"),
    )
    stream = io.BytesIO()
    pq.write_table(table.select(SCHEMA.names), stream, compression="zstd", write_page_checksum=True)
    return Encoded(stream.getvalue(), table.num_rows, unreadable)


def read_parquet(content: bytes) -> pa.Table:
    """Read a file back, with the columns of `SCHEMA`: what a newer version added is left out, what lacks is null.

    Raises:
        PredictionFileError: if it is no Parquet, damaged, or of other types.
    """
    if len(content) > LARGEST_FILE:
        raise PredictionFileError(f"{len(content)} bytes are too many for a file of predictions")
    try:
        with pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True) as file:
            names = set(file.schema_arrow.names)
            found = file.read(columns=[name for name in SCHEMA.names if name in names])
        columns = [
            found.column(field.name).cast(field.type) if field.name in names else pa.nulls(len(found), field.type)
            for field in SCHEMA
        ]
        table = pa.table(columns, schema=SCHEMA)
        table.validate(full=True)
    except _DAMAGE as error:
        raise PredictionFileError(" ".join(str(error).split()) or type(error).__name__) from error
    if empty := [name for name in REQUIRED if table.column(name).null_count]:
        raise PredictionFileError(f"rows without {', '.join(empty)}: this is no file of predictions")
    return table
