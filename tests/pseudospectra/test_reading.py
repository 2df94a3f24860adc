"""A matrix comes back as it was written, and whatever else is given gets one line that says what is wrong."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import mmwrite
from scipy.sparse import coo_array

from spectral_lab.pseudospectra import read_matrix

shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5)
reals = hnp.arrays(float, shapes, elements=st.floats(-1e9, 1e9, allow_subnormal=False))
numbers = reals | hnp.arrays(complex, shapes, elements=st.complex_numbers(max_magnitude=1e9))


@given(numbers)
def test_text_as_python_and_numpy_write_it(matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(read_matrix(str(matrix.tolist())), matrix)
    np.testing.assert_array_equal(read_matrix("\n".join(" ".join(map(str, row)) for row in matrix.tolist())), matrix)
    with np.printoptions(floatmode="unique", linewidth=40):
        if not np.iscomplexobj(matrix):  # of complex numbers NumPy may print "1.e-20+0.j" in columns, which is read too
            np.testing.assert_array_equal(read_matrix(repr(matrix)), matrix)


@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("[1, 2; 3, 4];", [[1, 2], [3, 4]]),
        ("A [-1.5e3]", None),
        ("1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
        ("# a comment\n1\t2 % and another\n\n−3 4\n", [[1, 2], [-3, 4]]),
        ("[[1+2j, 3i], [-i, 1.5-2e-3I]]", [[1 + 2j, 3j], [-1j, 1.5 - 2e-3j]]),
        ("array([[1., 2.],\n       [3., 4.]])", [[1, 2], [3, 4]]),
        ("1 2 3", [[1, 2, 3]]),
        ("0", [[0]]),
    ],
)
def test_text_as_people_write_it(text: str, matrix: list | None) -> None:
    if matrix is None:
        with pytest.raises(ValueError, match=r"row 1, column 1 stands 'A'"):
            read_matrix(text)
    else:
        read = read_matrix(text)
        np.testing.assert_array_equal(read, matrix)
        assert np.iscomplexobj(read) == np.iscomplexobj(np.array(matrix))


@given(numbers, st.sampled_from([(1, 0), (2, 0), (3, 0)]), st.booleans())
def test_npy_of_every_version(
    tmp_path_factory: pytest.TempPathFactory, matrix: np.ndarray, version: tuple[int, int], fortran: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "matrix.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asfortranarray(matrix) if fortran else matrix, version)
    np.testing.assert_array_equal(read_matrix(path), matrix)
    np.testing.assert_array_equal(read_matrix(str(path)), matrix)


@given(numbers, st.booleans(), st.sampled_from(["general", "symmetric", "skew-symmetric", "hermitian"]))
def test_matrix_market_as_scipy_writes_it(
    tmp_path_factory: pytest.TempPathFactory, matrix: np.ndarray, sparse: bool, symmetry: str
) -> None:
    if symmetry != "general":
        n = min(matrix.shape)
        lower = np.tril(matrix[:n, :n], -1 if symmetry == "skew-symmetric" else 0)
        diagonal = np.diag(np.diag(lower).real if symmetry == "hermitian" else np.diag(lower))
        strict = np.tril(lower, -1)
        other = {"symmetric": strict.T, "skew-symmetric": -strict.T, "hermitian": strict.conj().T}[symmetry]
        matrix = strict + diagonal + other
        if symmetry == "hermitian":
            matrix = matrix.astype(complex)
    path = tmp_path_factory.getbasetemp() / "matrix.mtx"
    mmwrite(path, coo_array(matrix) if sparse else matrix, symmetry=symmetry, precision=17)
    np.testing.assert_allclose(read_matrix(path), matrix, rtol=1e-15)


def test_matrix_market_by_hand(tmp_path: Path) -> None:
    def read(text: str) -> np.ndarray:
        (tmp_path / "a.mtx").write_text(text)
        return read_matrix(tmp_path / "a.mtx")

    pattern = "%%MatrixMarket matrix coordinate pattern symmetric\n% a path\n\n3 3 2\n2 1\n3 2\n"
    np.testing.assert_array_equal(read(pattern), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(
        read("%%MatrixMarket matrix coordinate real general\n1 2 2\n1 2 3\n1 2 4\n"), [[0, 7]]
    )
    for text, complaint in [
        ("", "must start with"),
        ("1 2\n3 4\n", "must start with"),
        ("%%MatrixMarket matrix coordinate real general\n", "must start with"),
        ("%%MatrixMarket matrix sheet real general\n1 1 1\n", "its format must be one of"),
        ("%%MatrixMarket matrix array quaternion general\n1 1\n", "its field must be one of"),
        ("%%MatrixMarket matrix array real lopsided\n1 1\n", "its symmetry must be one of"),
        ("%%MatrixMarket matrix array pattern general\n1 1\n", "must say its sizes"),
        ("%%MatrixMarket matrix array real general\n99999999 99999999\n", "rows and columns"),
        ("%%MatrixMarket matrix array real general\n1e3 2\n", "whole numbers"),
        ("%%MatrixMarket matrix array real general\n2 2\n1\n", "4 entries that it promises, got 1"),
        ("%%MatrixMarket matrix array real symmetric\n2 3\n1\n", "square"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 5\n", "within 2 x 2 in line 3"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 5\n", "within 2 x 2"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1\n", "one real entry"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 x\n", "line 3 stands 'x'"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 nan\n", "finite"),
    ]:
        with pytest.raises(ValueError, match=rf"^source.*{complaint}"):
            read(text)


class Loud:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def header(shape: str, dtype: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": (3, 3)})
    return file.getvalue().replace(b"(3, 3)", shape.encode().ljust(6))


def test_hostile_files_are_refused_in_one_line_and_little_memory(tmp_path: Path) -> None:
    objects = io.BytesIO()
    np.save(objects, np.array([[Loud()]], dtype=object), allow_pickle=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.npy", b"")
    contents = {
        "objects.npy": objects.getvalue(),
        "pickle.npy": pickle.dumps(Loud()),
        "zip.npy": archive.getvalue(),
        "empty.npy": b"",
        "short.npy": header("(3, 3)")[:40],
        "cut.npy": header("(3, 3)") + bytes(8 * 8),
        "huge.npy": header("(9**9,)"),
        "large.npy": header("(9, 9999999)") + bytes(80),
        "cube.npy": header("(2, 2, 2)") + bytes(64),
        "words.npy": header("(3, 3)", "<U4") + bytes(1000),
        "records.npy": header("(3, 3)", "<f8,<f8") + bytes(1000),
        "noise.npy": bytes(range(256)),
        "noise.txt": bytes(range(256)),
        "noise.mtx": bytes(range(128, 256)),
        "code.txt": b"__import__('os').system('true')",
        "program.py": b"1 2",
        "bare": b"1 2",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"^source must") as caught:
            read_matrix(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000, name
        tracemalloc.stop()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400
        assert str(tmp_path) not in str(caught.value), name


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "empty text"),
        ("  \n ; ]", "empty text"),
        ("1 2\n3", r"row 1 has 2 numbers, row 2 has 1"),
        ("1 2\n3 x", r"row 2, column 2 stands 'x'"),
        ("1 2\n3 nan", "finite"),
        ("1 1e999", "finite"),
        ("exec(1)", "stands 'exec'"),
        ("nowhere.npy", "a file that exists"),
        (Path("nowhere.mtx"), "a file that exists"),
        (Path("."), "a file that ends in"),
        ("1 " * 501, "1 to 500 rows and columns"),
        ("1\n" * 501, "1 to 500 rows and columns"),
        ("1" * 17_000_000, "at most 16 MB"),
        (";" * 15_000_000, "empty text"),
        (7, "text or a path"),
        (None, "text or a path"),
        (b"1 2", "text or a path"),
        ([[1, 2]], "text or a path"),
    ],
)
def test_what_is_no_matrix_is_said_so(source: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"^source must .*{complaint}"):
        read_matrix(source)


def test_a_smaller_limit() -> None:
    assert read_matrix("1 2 3", 3).shape == (1, 3)
    with pytest.raises(ValueError, match=r"1 to 2 rows and columns"):
        read_matrix("1 2 3", 2)
    with pytest.raises(ValueError, match=r"^largest must"):
        read_matrix("1", 1000)


@given(st.text(max_size=60) | st.text("0123456789.eEij+-;,[]() \n", max_size=60))
def test_any_text_is_a_matrix_or_a_line(text: str) -> None:
    try:
        matrix = read_matrix(text)
    except ValueError as error:
        complaint = str(error)
    else:
        assert matrix.ndim == 2
        return
    assert complaint.startswith("source must")
    assert "\n" not in complaint
