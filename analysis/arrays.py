"""The array type of all of analysis and reports."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
