"""One partition per shoot, never one per photo: shoots arrive while the graph stays as it is."""

import dagster as dg

shoots = dg.DynamicPartitionsDefinition(name="shoots")
