"""Data of chapter 08: generated crystals and molecules, and the published sets, read.

crystals.py    splits of the generated crystals (prototypes.py builds them)
molecules.py   small molecules, grown atom by atom and relaxed by a force field
published.py   MP-20, Carbon-24, Perov-5, MPTS-52, QM9, and conformers of GEOM
scores.py      what the data themselves score, and what chance does
sentences.py   all of them as sentences, in batches
"""

from spectral_lab.generation.data.crystals import leave_out, split_by_composition
from spectral_lab.generation.data.molecules import (
    dipole_moment,
    generated_conformers,
    generated_molecules,
    grown_smiles,
    molecule_record,
    relaxed,
)
from spectral_lab.generation.data.published import (
    DATASETS,
    crystal_tables,
    qm9,
    read_cif,
    read_conformers,
    read_crystals,
)
from spectral_lab.generation.data.scores import chance_by_prototype, stability_of_data
from spectral_lab.generation.data.sentences import (
    SentenceBatch,
    Sentences,
    crystal_sentences,
    dipole_sentences,
    generated_sentences,
    polymorph_sentences,
    published_sentences,
)

__all__ = [
    "DATASETS",
    "SentenceBatch",
    "Sentences",
    "chance_by_prototype",
    "crystal_sentences",
    "crystal_tables",
    "dipole_moment",
    "dipole_sentences",
    "generated_conformers",
    "generated_molecules",
    "generated_sentences",
    "grown_smiles",
    "leave_out",
    "molecule_record",
    "polymorph_sentences",
    "published_sentences",
    "qm9",
    "read_cif",
    "read_conformers",
    "read_crystals",
    "relaxed",
    "split_by_composition",
    "stability_of_data",
]
