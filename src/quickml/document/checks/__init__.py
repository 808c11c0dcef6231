"""Whether the parts of a document fit together."""
