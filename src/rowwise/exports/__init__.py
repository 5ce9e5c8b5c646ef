"""A saved run → files that other programs predict with: ONNX, Keras, PyTorch, C, one HTML page."""
