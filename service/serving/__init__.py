"""What serves: every loaded version with all that it needs, and which were refused."""
