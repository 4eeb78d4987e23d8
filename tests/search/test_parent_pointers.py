import numpy as np
import pytest
from keras import ops

from kerasseq.search.parent_pointers import gather_along, walk_back


@pytest.mark.backend
def test_a_path_leads_from_the_last_token_back_to_the_first() -> None:
    #    step 0  step 1  step 2: the column of the step before that each column continues
    parents = ops.convert_to_tensor([[[0, 0, 0]], [[2, 0, 1]], [[1, 1, 0]]])
    columns = ops.convert_to_tensor([[0, 2, 1]])
    lengths = ops.convert_to_tensor([[3, 3, 2]])
    path = walk_back(parents, columns, lengths, ops.convert_to_tensor(3))
    found = ops.convert_to_numpy(path)[0]
    assert found[0].tolist() == [0, 1, 0]  # column 0 continues 1, which continues 0
    assert found[1].tolist() == [2, 0, 2]
    assert found[2, :2].tolist() == [0, 1]
    written = ops.reshape(ops.arange(18), (3, 1, 3, 2))
    along = ops.convert_to_numpy(gather_along(written, path))
    np.testing.assert_array_equal(along[0, 1, :, 0], [4, 6, 16])
