"""A model and arrays → every shape with its arithmetic."""
