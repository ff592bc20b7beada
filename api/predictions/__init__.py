"""Each answer as a record: kept in a bounded log on disk, shipped to the store."""
