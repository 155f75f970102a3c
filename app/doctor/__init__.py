"""`touchpoint doctor`: what it looks at, one file for each."""
