"""`rowwise bench` → ratios against Keras, PyTorch and scikit-learn, measured side by side on this machine.

The programs live in the package, so that every user can measure again what the README states.
"""

from rowwise.benchmarks.command import PARTS, Bench, measure

__all__ = ["PARTS", "Bench", "measure"]
