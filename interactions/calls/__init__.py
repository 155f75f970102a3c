"""Phone calls: what platforms tell, what they are told, consults."""
