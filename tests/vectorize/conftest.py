from __future__ import annotations

import pytest

from dedup.settings import Settings
from dedup.vectorize.kernels.extractor import Extractor


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    """The kernels with the default settings: made once, since their machine code has to be loaded."""
    extractor = Extractor(Settings())
    extractor.features([("", "")])
    return extractor
