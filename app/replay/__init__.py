"""`touchpoint replay`: what the journal recorded, proven or run under another policy."""
