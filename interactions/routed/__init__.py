"""What the router decides, what time brings and what senders report, as changes of rows."""
