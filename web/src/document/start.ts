/** The document that the first visit begins with: valid, and trained in seconds. */
export const START = `{
  "name": "spirals",
  "dataset": "spirals",
  "model": {
    "layers": [
      {"type": "Dense", "units": 12, "activation": "tanh"},
      {"type": "Dense", "units": 12, "activation": "tanh"},
      {"type": "Dense", "units": 1, "activation": "sigmoid"}
    ]
  },
  "training": {
    "optimizer": {"type": "Adam", "learning_rate": 0.01},
    "batch_size": 32,
    "epochs": 200
  }
}
`;
