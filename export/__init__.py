"""Training-time code: corpora, the teacher, the encoder in torch, its training and its ONNX export.

Nothing in `kwsd` imports this package, and the daemon never needs torch.
"""
