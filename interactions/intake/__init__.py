"""From the log to the timeline: what customers send becomes touches and work."""
