"""What is kept, and the only place where SQL is written."""
