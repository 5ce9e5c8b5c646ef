"""`rowwise bench` → ratios against Keras, PyTorch and scikit-learn, measured side by side on this machine.

The programs live in the package, so that whoever installed rowwise can measure again what its README states.
"""

from rowwise.benchmarks.command import PARTS, Bench, measure

__all__ = ["PARTS", "Bench", "measure"]
