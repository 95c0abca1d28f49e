"""The evidence for one verdict: what the packets of one connection showed, step by step, and what they did not."""

from zertap.explanation.account import Explanation
from zertap.explanation.reading import explain, find
from zertap.explanation.step import Step

__all__ = ["Explanation", "Step", "explain", "find"]
