"""From the cells of a table to plain Python, for records that are checked when they are read."""

import pandas as pd


def plain(cell: object) -> object:
    """A cell as it was before it was a cell: None where nothing is, and times of the standard library."""
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
        return None
    return cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell
