"""What customers wrote: language, sentiment, intent, topics, and words that may be quoted. See README.md."""
