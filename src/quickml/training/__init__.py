"""From a plan and arrays to a trained model: build, fit, evaluate.

Keras and TensorFlow live here and nowhere else, and load only when `train` is called: importing this
package, `trained` or `train` costs milliseconds. What leaves is plain numpy (`model.TrainedModel`).
"""
