"""The classifier: a multi-level Fellegi–Sunter model learned without labels."""
