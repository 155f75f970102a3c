"""What every change goes through: rows locked at one desk, one transition each, told to all."""
