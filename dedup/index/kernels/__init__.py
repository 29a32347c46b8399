"""What of the index is compiled."""
