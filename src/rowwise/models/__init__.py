"""A Dataset → a Keras model; what rowwise asks of Keras's models."""
