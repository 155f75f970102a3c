"""Set-up as code: `SETUP.yaml` as a typed document."""
