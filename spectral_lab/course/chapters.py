"""The chapters, the first of which has no paper: the single source of the README's table, the map, and the commands."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from spectral_lab import checks, markup
from spectral_lab.checkout import ROOT

NOTEBOOKS = ROOT / "notebooks"
# What a chapter lists, each under its name in its room. Everything that concerns all chapters asks `Chapter.listed`.
ROOMS = {
    "CLAIMS": "claims",
    "EXPLORERS": "explorers",  # functions, in the order of the lesson
    "PREDICTIONS": "exercises",
    "EXERCISES": "exercises",
    "RECIPES": "recipe",  # by the name of the task
    "DATASETS": "data",  # by their names
}
BY_NAME = ("RECIPES", "DATASETS")
MARKS = ("<!-- chapters -->\n", "\n<!-- end of chapters -->")


@dataclass(frozen=True)
class Paper:
    """A paper as it is cited: authors, title, year, where it appeared, arXiv number, key in docs/references.bib."""

    authors: str
    title: str
    year: int
    venue: str
    arxiv: str
    key: str

    @property
    def url(self) -> str:
        """The paper's page on arXiv."""
        return f"https://arxiv.org/abs/{self.arxiv}"

    def cited(self, link: str) -> str:
        """The paper in short: its first author, a link to it in this form of {title} and {url}, its year."""
        return f"{self.authors.split(',')[0]} et al., {link.format(title=self.title, url=self.url)}, {self.year}"


@dataclass(frozen=True)
class Chapter:
    """One chapter: a notebook, a package of `spectral_lab`, and the paper that both are about; the first has none."""

    number: int
    package: str
    notebook: str
    title: str
    paper: Paper | None
    thesis: str
    function: str  # the function of a matrix that the chapter is about
    builds_on: tuple[str, ...] = ()  # the packages of other chapters that it imports
    command: tuple[str, str] | None = None  # the name and the help of a command that its room `command` runs
    makes: str | None = None  # the data that its room `data.generate` makes, by `spectral-lab data PACKAGE`

    @property
    def status(self) -> str:
        """`"open"` once the notebook exists; before, `"library only"` if the package does, else `"planned"`."""
        if (NOTEBOOKS / self.notebook).is_file():
            return "open"
        return "library only" if self.written else "planned"

    @property
    def written(self) -> bool:
        """Whether the chapter has its package."""
        return importlib.util.find_spec(f"spectral_lab.{self.package}") is not None

    def listed(self, name: str) -> Any:
        """What the chapter lists under a name of `ROOMS`: a tuple, or a dict for recipes and data sets.

        Empty where the chapter has no such room (yet); an error inside a room that does exist is not hidden.
        Raises: ValueError for another name; AttributeError if the room is there and lists nothing under its name.
        """
        room = self.room(ROOMS[checks.choice(name, "name", ROOMS)])
        if room is None:
            return {} if name in BY_NAME else ()
        return getattr(room, name)

    def room(self, name: str) -> ModuleType | None:
        """A module of the chapter, such as `claims` or `data`; None where the chapter has no such room (yet)."""
        if not self.written or importlib.util.find_spec(f"spectral_lab.{self.package}.{name}") is None:
            return None
        return importlib.import_module(f"spectral_lab.{self.package}.{name}")


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        number=0,
        package="matrix_functions",
        notebook="00_start_here.ipynb",
        title="Start here",
        paper=None,
        thesis="Functions of matrices: one map for all chapters.",
        function=r"$f(A)$ of a symmetric matrix $A$",
    ),
    Chapter(
        number=1,
        package="eigenspaces",
        notebook="01_eigenspace_instability.ipynb",
        title="Eigenspace instability",
        paper=Paper(
            authors="Huang, Lu, Robinson, Yang, Zhang, Jegelka, Li",
            title="On the Stability of Expressive Positional Encodings for Graphs",
            year=2024,
            venue="ICLR",
            arxiv="2310.02579",
            key="huang2024spe",
        ),
        thesis="Eigenvectors jump when eigenvalues meet; smooth functions of the Laplacian do not.",
        function=r"$\varphi(L)$ of a graph Laplacian $L$",
    ),
    Chapter(
        number=2,
        package="hippo",
        notebook="02_hippo_projections.ipynb",
        title="HiPPO projections",
        paper=Paper(
            authors="Gu, Johnson, Timalsina, Rudra, Ré",
            title="How to Train Your HiPPO: State Space Models with Generalized Orthogonal Basis Projections",
            year=2023,
            venue="ICLR",
            arxiv="2206.12037",
            key="gu2023hippo",
        ),
        thesis="The state of a well-chosen linear system holds the past in an orthogonal basis.",
        function=r"$e^{tA}B$ of a HiPPO matrix $A$",
    ),
    Chapter(
        number=3,
        package="pseudospectra",
        notebook="03_pseudospectra_and_ptd.ipynb",
        title="Pseudospectra and perturb-then-diagonalise",
        paper=Paper(
            authors="Yu, Nigmetov, Morozov, Mahoney, Erichson",
            title="Robustifying State-space Models for Long Sequences via Approximate Diagonalization",
            year=2024,
            venue="ICLR",
            arxiv="2310.01698",
            key="yu2024ptd",
        ),
        thesis="Perturb an ill-conditioned matrix, then diagonalise: the eigenvalues move, the system hardly does.",
        function=r"$(zI-A)^{-1}$ of a matrix $A$ whose eigenvectors nearly coincide",
        builds_on=("hippo",),
    ),
    Chapter(
        number=4,
        package="cooling",
        notebook="04_qsp_cooling.ipynb",
        title="Cooling with a sign function",
        paper=Paper(
            authors="Motlagh, Zini, Arrazola, Wiebe",
            title="Ground State Preparation via Dynamical Cooling",
            year=2024,
            venue="arXiv",
            arxiv="2404.05810",
            key="motlagh2024cooling",
        ),
        thesis="A sign function makes all low levels degenerate, so that a weak perturbation can cool.",
        function=r"$\mathrm{sgn}(H-\mu I)$ of a Hamiltonian $H$",
    ),
    Chapter(
        number=5,
        package="heavytails",
        notebook="05_esd_heavy_tails.ipynb",
        title="Heavy tails of weight spectra",
        paper=Paper(
            authors="Hu, Goel, Killiakov, Yang",
            title="Eigenspectrum Analysis of Neural Networks without Aspect Ratio Bias",
            year=2025,
            venue="ICML",
            arxiv="2506.06280",
            key="hu2025farms",
        ),
        thesis="The shape of a weight matrix bends its spectrum; cut it into equal shapes before you compare tails.",
        function=r"the eigenvalue density of $W^\top W$, where $W$ holds weights",
        builds_on=("latent",),
        command=("spectra", "read the weight spectra of a checkpoint"),
    ),
    Chapter(
        number=6,
        package="latent",
        notebook="06_latent_spectral_pde.ipynb",
        title="Latent spectral models",
        paper=Paper(
            authors="Wu, Hu, Luo, Wang, Long",
            title="Solving High-Dimensional PDEs with Latent Spectral Models",
            year=2023,
            venue="ICML",
            arxiv="2301.12664",
            key="wu2023lsm",
        ),
        thesis="A solution operator is learned as a sine and cosine expansion in a small latent space.",
        function=r"a series in $\sin kx$ and $\cos kx$ with learned coefficients",
    ),
    Chapter(
        number=7,
        package="hamiltonians",
        notebook="07_hamiltonian_prediction.ipynb",
        title="Hamiltonian prediction",
        paper=Paper(
            authors="Luo, Wei, Huang, Li, Yang, Xia, Wang, Liu, Shao, Zhang",
            title="Efficient and Scalable Density Functional Theory Hamiltonian Prediction through Adaptive Sparsity",
            year=2025,
            venue="ICML",
            arxiv="2502.01171",
            key="luo2025sphnet",
        ),
        thesis="A network predicts the Hamiltonian, its spectrum gives the chemistry, and sparsity makes it fast.",
        function=r"the levels of a Hamiltonian, $HC=SC\,\mathrm{diag}(\varepsilon)$",
        makes="geometries of small molecules with their Hamiltonians, by PySCF",
    ),
    Chapter(
        number=8,
        package="generation",
        notebook="08_sequence_and_structure.ipynb",
        title="Sequence and structure",
        paper=Paper(
            authors="Zhang, Li, Luo, Hu and others",
            title="UniGenX: Unified Generation of Sequence and Structure with Autoregressive Diffusion",
            year=2025,
            venue="arXiv",
            arxiv="2503.06687",
            key="zhang2025unigenx",
        ),
        thesis="One causal stream writes symbols with a softmax and coordinates with a small diffusion head.",
        function=r"$\sqrt{\bar\alpha}\,\Sigma\,(\bar\alpha\Sigma+(1-\bar\alpha)I)^{-1}$, the denoiser of Gaussian data",
    ),
)

START = CHAPTERS[0].notebook


def chapter(name: str | int) -> Chapter:
    """The chapter with this number or package name; `ValueError` lists the names if there is none."""
    name = name if isinstance(name, str) else checks.integer(name, "chapter")
    for candidate in CHAPTERS:
        if name in (candidate.package, candidate.number, str(candidate.number), f"{candidate.number:02d}"):
            return candidate
    allowed = ", ".join(f"{item.package} ({item.number})" for item in CHAPTERS)
    raise ValueError(f"chapter must be one of {allowed}, got {checks.shown(name)}")


@dataclass(frozen=True)
class CourseMap:
    """The map that notebook 00 shows: each chapter, the function of a matrix that it is about, whether it is open."""

    chapters: tuple[Chapter, ...] = CHAPTERS[1:]

    def __repr__(self) -> str:
        return "\n".join(f"{item.number:02d} {item.title} ({item.status}): {item.thesis}" for item in self.chapters)

    def _repr_html_(self) -> str:
        header = ["", "chapter", "function of a matrix", "in one sentence", "status"]
        return markup.table(header, [_map_row(item) for item in self.chapters])


def markdown_table(link: str = "notebooks/") -> str:
    """The chapters as a Markdown table; `link` is the folder of the notebooks as seen from the page that shows it."""
    rows = ["| # | chapter | paper | in one sentence | status |", "|---|---|---|---|---|"]
    for item in CHAPTERS:
        title = f"[{item.title}]({link}{item.notebook})" if item.status == "open" else item.title
        paper = item.paper.cited("[{title}]({url})") if item.paper else ""
        rows.append(f"| {item.number:02d} | {title} | {paper} | {item.thesis} | {item.status} |")
    return "\n".join(rows)


def _map_row(item: Chapter) -> list[str]:
    title = f'<a href="{item.notebook}">{item.title}</a>' if item.status == "open" else item.title
    paper = item.paper.cited('<a href="{url}">{title}</a>') if item.paper else ""
    thesis = f'{item.thesis}<br><small style="opacity: 0.75;">{paper}</small>'
    return [f"{item.number:02d}", f"<b>{title}</b>", markup.inline(item.function), thesis, item.status]


def readme(text: str) -> str:
    """The README with its table of chapters made current. Raises: ValueError if the table's two marks are missing."""
    if any(text.count(mark) != 1 for mark in MARKS):
        raise ValueError(f"the README must hold the marks {MARKS[0].strip()!r} and {MARKS[1].strip()!r} once each")
    before, rest = text.split(MARKS[0])
    return before + MARKS[0] + markdown_table() + MARKS[1] + rest.split(MARKS[1])[1]
