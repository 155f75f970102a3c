"""The life of an interaction: from the door through queue, offer and talk to wrap-up and close."""
