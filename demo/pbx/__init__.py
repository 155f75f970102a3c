"""A small telephone exchange that speaks Touchpoint's CTI contract: for the demo and for the tests."""
