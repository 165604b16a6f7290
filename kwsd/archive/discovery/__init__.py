"""Discovery: phrases that recur in an archive, found without asking for any."""
