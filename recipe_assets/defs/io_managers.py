"""How assets hand over: tables as Parquet, models as folders; nothing is pickled, nothing live crosses a step."""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import plain_errors
from recipe_assets.folders import FolderStore
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.arrivals import current_shoots


class TableIOManager(dg.ConfigurableIOManager):
    """Stores each asset's table, one file per shoot where the asset is partitioned.

    A consumer of all shoots gets the tables that exist, one below the other: a shoot whose reading failed is
    left out with a warning and does not hold up the others. Thumbnails are never loaded this way: ten thousand of
    them have a gigabyte, so whoever needs some reads them from the store by name.
    """

    root: str

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Write the table; its `attrs` say what it was made from."""
        path = TableStore(Path(self.root)).write(obj, _name(context), _partition(context), _texts(obj.attrs))
        context.add_output_metadata({"dagster/row_count": len(obj), "path": dg.MetadataValue.path(path)})

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the table without thumbnails, or only the `columns` that the input's metadata names."""
        tables, name = TableStore(Path(self.root)), _name(context)
        columns = (context.definition_metadata or {}).get("columns")
        with plain_errors():
            if not context.has_asset_partitions:
                return _read_with_attributes(tables, name, None, columns)
            if len(context.asset_partition_keys) == 1:
                return _read_with_attributes(tables, name, context.asset_partition_keys[0], columns)
            return self._read_all(context, tables, name, columns)

    def _read_all(
        self, context: dg.InputContext, tables: TableStore, name: str, columns: list[str] | None
    ) -> pd.DataFrame:
        stored = set(tables.partitions(name) if name == "raw_images" else current_shoots(tables, name))
        missing = sorted(set(context.asset_partition_keys) - stored)
        found = sorted(set(context.asset_partition_keys) & stored)
        if missing:
            context.log.warning(
                f"left out {len(missing)} shoots without current {name}: {', '.join(missing[:10])}"
            )
        if not found:
            raise StorageError(f"no shoot has {name} yet: put shoots into RECIPE_STUDIO and materialize {name}")
        return pd.concat([_read(tables, name, shoot, columns) for shoot in found], ignore_index=True)


class FolderIOManager(dg.ConfigurableIOManager):
    """Records the folder that an asset filled; loading verifies every file first."""

    root: str

    def handle_output(self, context: dg.OutputContext, obj: Path) -> None:
        """Make the filled folder the asset's current one."""
        FolderStore(Path(self.root)).record(_name(context), obj)
        context.add_output_metadata({"path": dg.MetadataValue.path(obj)})

    def load_input(self, context: dg.InputContext) -> Path:
        """The current folder, verified."""
        with plain_errors():
            return FolderStore(Path(self.root)).current(_name(context))


def _read_with_attributes(
    tables: TableStore, name: str, partition: str | None, columns: list[str] | None
) -> pd.DataFrame:
    """A whole table with what it was made from, or what its columns stand for, in `attrs`."""
    frame = _read(tables, name, partition, columns)
    frame.attrs.update(tables.attributes(name, partition) or {})
    return frame


def _read(tables: TableStore, name: str, partition: str | None, columns: list[str] | None) -> pd.DataFrame:
    light = columns or [column for column in tables.columns(name, partition) if column != "thumbnail"]
    return tables.read(name, partition, light)


def _name(context: dg.OutputContext | dg.InputContext) -> str:
    return "__".join(context.asset_key.path)


def _partition(context: dg.OutputContext) -> str | None:
    return context.partition_key if context.has_partition_key else None


def _texts(attributes: dict[object, object]) -> dict[str, str]:
    return {str(key): str(value) for key, value in attributes.items()}
