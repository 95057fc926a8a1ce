"""Makes members, threads and the rest for tests, by the same actions that the product uses.
Each function returns the row it made; every argument has a believable default."""
