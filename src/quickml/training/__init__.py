"""Build, train and evaluate a model with Keras.

Only this package imports Keras and TensorFlow. They load when `train` is called, so importing the package is
cheap. The result, `model.TrainedModel`, contains only numpy arrays and plain values.
"""
