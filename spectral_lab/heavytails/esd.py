"""The eigenvalue spectral density of a weight matrix, and what is read off it.

The ESD of W is the collection of its squared singular values: the eigenvalues of the smaller of W W^T and W^T W, which
are min(m, n) in number. They are not divided by n. An exponent does not mind; every norm does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.heavytails.tails import spectrum, tail_exponent

PRECISIONS = {"double": np.float64, "single": np.float32}
LOST = 1e-8  # an eigenvalue below this share of the largest has lost half its digits in the Gram matrix
SMALLEST, LARGEST = 1e-140, 1e140  # the largest entry may be: squares and their sums stay in the range of numbers
EASY = {np.float64: 1e100, np.float32: 1e9}  # the largest entry is up to this, and down to its inverse, as it is
PLAIN = 32  # matrices of fewer rows go to numpy all at once
BATCH = 8_000_000  # entries that are worked on at a time


def esd(W: ArrayLike, precision: str = "double") -> Float[np.ndarray, " N"]:
    """Squared singular values, ascending, of a matrix (m, n), of a stack (k, m, n), or of a convolution's kernel.

    A stack pools its matrices; a kernel (out, in, height, width) its height * width slices, one for each position.
    From the smaller Gram matrix, whose eigenvalues carry an error of 1e-16 (double) or 1e-6 (single) of the largest.
    In double precision a matrix whose smallest eigenvalue is below 1e-8 of its largest is done again from its singular
    values: eight digits are right of every value above 1e-16 of the largest, and a singular value that is rounding
    alone, up to max(m, n) 2^-52 of the largest, is 0. In single precision this is three to four times faster: right for
    tails, not for the bottom, where values at the error come out as noise or 0.

    Raises: ValueError, also for a smaller side of more than 10 000.
    """
    kind = PRECISIONS[checks.choice(precision, "precision", tuple(PRECISIONS))]
    stack, unit = _stack(W, kind)
    block = max(BATCH // (stack.shape[1] * stack.shape[2]), 1)
    parts = [_squares(stack[start : start + block]) for start in range(0, len(stack), block)]
    return np.sort(np.concatenate(parts)).astype(np.float64) * unit**2


def _stack(W: Any, kind: Any) -> tuple[np.ndarray, float]:
    """The matrices, wide or square, with entries whose squares are numbers, and what they were divided by."""
    known = isinstance(W, np.ndarray) and W.dtype == kind and not isinstance(W, np.ma.MaskedArray)
    weights = np.asarray(W) if known else checks.real_array(W, "W").astype(kind, copy=False)
    if weights.ndim == 4:
        weights = np.moveaxis(weights.reshape(*weights.shape[:2], -1), 2, 0)
    if weights.ndim == 2:
        weights = weights[None]
    if weights.ndim != 3 or weights.size == 0:
        raise ValueError(f"W must have 2, 3 or 4 axes, none of them empty, got shape {np.shape(W)}")
    checks.order(min(weights.shape[1:]), "the smaller side of W")
    if not known:  # what is not taken as it is was copied
        checks.room(weights.size, "W")
    largest = float(max(weights.max(), -weights.min()))
    if not math.isfinite(largest):
        checks.real_array(W, "W")  # says what is wrong with it
    if largest and not SMALLEST <= largest <= LARGEST:
        raise ValueError(f"W must have a largest entry between {SMALLEST:g} and {LARGEST:g}, got {largest:.3g}")
    easy = largest == 0 or 1 / EASY[kind] <= largest <= EASY[kind]
    unit = 1.0 if easy else 2.0 ** math.frexp(largest)[1]
    wide = weights.swapaxes(1, 2) if weights.shape[1] > weights.shape[2] else weights
    return (wide if easy else wide / kind(unit)), unit


def _squares(stack: np.ndarray) -> np.ndarray:
    if stack.itemsize not in stack.strides[1:]:  # neither rows nor columns without gaps: BLAS would not take it
        stack = np.ascontiguousarray(stack)
    values = _eigenvalues(stack @ stack.swapaxes(1, 2))
    if stack.dtype == np.float64:
        again = values[:, 0] < LOST * values[:, -1]
        if again.any():
            sigma = np.linalg.svd(stack[again], compute_uv=False)[:, ::-1]
            rounding = max(stack.shape[1:]) * np.finfo(float).eps * sigma[:, -1:]
            values[again] = np.where(sigma > rounding, sigma, 0) ** 2  # an exponent must not be read off last digits
    return np.maximum(values, 0).ravel()


def _eigenvalues(grams: np.ndarray) -> np.ndarray:
    """Ascending eigenvalues of symmetric matrices, in their own precision, where numpy takes single to double first."""
    if grams.dtype == np.float64 or grams.shape[1] < PLAIN:
        return np.linalg.eigvalsh(grams)
    lapack, values = scipy.linalg.lapack, np.empty(grams.shape[:2], grams.dtype)
    space = int(lapack.ssytrd_lwork(grams.shape[1])[0])
    for k, gram in enumerate(grams):
        _, diagonal, off, _, _ = lapack.ssytrd(gram.T, lwork=space, overwrite_a=True)
        values[k], failed = lapack.ssterf(diagonal, off)
        if failed:
            raise np.linalg.LinAlgError("the eigenvalues of a Gram matrix did not converge")
    return values


@dataclass(frozen=True)
class WeightMetrics:
    """Numbers of one ESD. The released programs give some of them other names: those are in `released`."""

    largest_eigenvalue: float  # the squared spectral norm
    frobenius_norm2: float  # the sum of the eigenvalues
    mean_eigenvalue: float
    stable_rank: float  # sum over largest
    matrix_rank: int
    entropy: float  # of the eigenvalues as shares, over ln(rank): 1 if all are equal, 0 at rank one
    alpha: float
    weighted_alpha: float  # alpha log10(largest)
    log_alpha_norm: float  # log10 sum lambda^alpha

    @property
    def released(self) -> dict[str, float]:
        """The same under the names of TempBalance, FARMS and WeightWatcher, of which `spectral_norm` is a square."""
        return {
            "spectral_norm": self.largest_eigenvalue,
            "norm": self.frobenius_norm2,
            "stable_rank": self.stable_rank,
            "norm_stable_rank": self.mean_eigenvalue,
            "alpha_hat": self.weighted_alpha,
            "alpha_weighted": self.weighted_alpha,
            "log_norm": math.log10(self.frobenius_norm2),
            "log_spectral_norm": math.log10(self.largest_eigenvalue),
            "log_alpha_norm": self.log_alpha_norm,
            "entropy": self.entropy,
            "matrix_rank": self.matrix_rank,
        }


def weight_metrics(eigenvalues: ArrayLike, alpha: Any = None) -> WeightMetrics:
    """The scalar metrics of an ESD; alpha, if it is not given, by the median rule.

    The rank counts singular values above sigma_max N 2^-52. The entropy adds 1e-10 to each share, as WeightWatcher
    does. Raises: ValueError, also if all eigenvalues are 0.
    """
    values = spectrum(eigenvalues)
    alpha = tail_exponent(values).alpha if alpha is None else checks.number(alpha, "alpha", 0, 1e6)
    largest, total = float(values[-1]), float(values.sum())
    if not math.isfinite(total) or largest < 1e-290:
        raise ValueError(f"eigenvalues must have a sum in the range of numbers and not all be 0, got {total:g}")
    rank = int((np.sqrt(values) > math.sqrt(largest) * len(values) * np.finfo(float).eps).sum())
    shares = values / total + 1e-10
    entropy = float(-(shares * np.log(shares)).sum() / math.log(rank)) if rank > 1 else 0.0
    # largest^alpha may leave the range of numbers; its logarithm does not
    powers = float(((values / largest) ** alpha).sum()) if math.isfinite(alpha) else 1.0
    weighted = alpha * math.log10(largest) if largest != 1 else 0.0
    return WeightMetrics(
        largest_eigenvalue=largest,
        frobenius_norm2=total,
        mean_eigenvalue=total / len(values),
        stable_rank=total / largest,
        matrix_rank=rank,
        entropy=entropy,
        alpha=float(alpha),
        weighted_alpha=weighted,
        log_alpha_norm=weighted + math.log10(powers),
    )
