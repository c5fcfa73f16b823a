"""The persisted dataset: mongod's life, opening and importing, the fields, vectors on disk."""
