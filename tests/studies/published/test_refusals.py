"""Published tables that cannot be used: one line with the file and the column."""

import pytest
from layerlaw.analysis import TableError
from layerlaw.studies.published.fitting import fit_sources
from layerlaw.studies.published.sources import SOURCES


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("n,seconds\n64,1\n128,2\n", "row 1: there is no column 'layer'; it has 'n', 'seconds'"),
        ("layer,mode,n\nx,y,1\n", "row 1: there is no column 'metric'"),
        ("layer,mode,metric,n\nx,y,seconds,1\n", "there is no column 'device'"),
        ("", "it is empty"),
        (None, "there is no such file"),
    ],
)
def test_a_table_that_lacks_what_is_needed(tmp_path, content, says):
    if content is not None:
        (tmp_path / SOURCES[0].file).write_text(content)
    with pytest.raises(TableError) as caught:
        fit_sources(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / SOURCES[0].file))
    assert says in str(caught.value)
