"""Seeds the random generator of an AWS CLI that brownout has started, so that its jitter can be repeated. Python loads
a module of this name by itself; the user's own, if there is one, comes after it.
"""
import os
import random
import sys

if os.environ.get("BROWNOUT_SEED", "").isdigit():
    random.seed(int(os.environ["BROWNOUT_SEED"]))
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
ours = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize  # noqa: F401
except ImportError:
    sys.modules["sitecustomize"] = ours
