"""Recording the film of a training. The component `film` has the format; this package has Keras."""
