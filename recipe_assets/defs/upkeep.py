"""How steps are kept going: what is tried again, what runs alone, and how old results may become.

Whether an error passes by itself is `recipe_assets.outages`' subject.
"""

import datetime

import dagster as dg

OUTAGES = dg.RetryPolicy(max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For steps that reach buckets and APIs: after 20, 40 and 80 seconds. Errors that a person has to mend are not
tried again (`plain_errors` sees to it), and neither is a training."""
POOL = "training"
"""One run at a time trains or searches: two would share the memory and the processors of one machine."""
RELEASE_AGE = dg.FreshnessPolicy.time_window(
    warn_window=datetime.timedelta(weeks=6), fail_window=datetime.timedelta(weeks=26)
)
"""A studio that shoots every week has a release a week; one of half a year has not seen the food of the season."""
PREDICTIONS_AGE = dg.FreshnessPolicy.time_window(
    warn_window=datetime.timedelta(weeks=1), fail_window=datetime.timedelta(weeks=4)
)
"""Post-production works every week: silence means that no API ships what it answers."""
