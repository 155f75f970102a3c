"""What supervisors see: figures computed from segments and offers, never counted along the way."""
