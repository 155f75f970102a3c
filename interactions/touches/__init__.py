"""What is said in either direction: written, sent, and what became of it."""
