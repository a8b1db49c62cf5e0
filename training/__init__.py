"""What fits, evaluates and writes an artifact. Imports the scorer; serving never imports this."""
