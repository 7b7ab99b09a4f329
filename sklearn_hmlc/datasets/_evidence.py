"""What annotation files say of how a row is known, in one vocabulary.

Stage: beside the readers of annotations. In: evidence codes and relations as files have
them. Out: the codes of the Gene Ontology and the names of its relations.
Sources: the guide to GO evidence codes; the table of ECO terms by evidence code
(``gaf-eco-mapping.txt``) of the Evidence and Conclusion Ontology; the relations of GPAD
2.0.
"""

from collections.abc import Iterable

from .._validation import as_list, did_you_mean, shorten

_EXPERIMENTAL = ("EXP", "IDA", "IPI", "IMP", "IGI", "IEP")
_HIGH_THROUGHPUT = ("HTP", "HDA", "HMP", "HGI", "HEP")
_STATEMENT = ("TAS", "IC")
_CLINICAL = ("PCS",)  # published clinical study, of the Human Phenotype Ontology
_PHYLOGENETIC = ("IBA", "IBD", "IKR", "IRD", "IMR")
_REVIEWED = ("ISS", "ISO", "ISA", "ISM", "IGC", "RCA", "NAS")

#: Groups of evidence codes by name. "experimental" is what CAFA measures on:
#: experiments, those of high throughput included, traceable author statements (TAS) and
#: curators' inferences (IC); for phenotypes also published clinical studies (PCS).
#: "curated" is all that a person has looked at.
EVIDENCE = {
    "experimental": (*_EXPERIMENTAL, *_HIGH_THROUGHPUT, *_STATEMENT, *_CLINICAL),
    "curated": (
        *(*_EXPERIMENTAL, *_HIGH_THROUGHPUT, *_STATEMENT, *_CLINICAL),
        *(*_PHYLOGENETIC, *_REVIEWED),
    ),
}
NO_DATA = "ND"
CODES = (*EVIDENCE["curated"], "IEA", NO_DATA)

# ECO terms that GPAD has in place of a code; of some codes they depend on the method.
_ECO = {
    "EXP": "0000269",
    "IDA": "0000314",
    "IPI": "0000353 0000021",
    "IMP": "0000315",
    "IGI": "0000316",
    "IEP": "0000270",
    "HTP": "0006056",
    "HDA": "0007005",
    "HMP": "0007001",
    "HGI": "0007003",
    "HEP": "0007007",
    "ISS": "0000250 0000031",
    "ISO": "0000266",
    "ISA": "0000247",
    "ISM": "0000255",
    "IGC": "0000317 0000354",
    "IBA": "0000318",
    "IBD": "0000319",
    "IKR": "0000320",
    "IRD": "0000321",
    "RCA": "0000245",
    "TAS": "0000304",
    "NAS": "0000303",
    "IC": "0000305 0000001",
    "ND": "0000307",
    "IEA": "0000501 0007669 0000256 0000265 0000322 0000323 0000259 0000366",
}
ECO = {f"ECO:{eco}": code for code, some in _ECO.items() for eco in some.split()}

RELATIONS = {
    "RO:0002327": "enables",
    "RO:0002326": "contributes_to",
    "RO:0002331": "involved_in",
    "RO:0002263": "acts_upstream_of",
    "RO:0004034": "acts_upstream_of_positive_effect",
    "RO:0004035": "acts_upstream_of_negative_effect",
    "RO:0002264": "acts_upstream_of_or_within",
    "RO:0004032": "acts_upstream_of_or_within_positive_effect",
    "RO:0004033": "acts_upstream_of_or_within_negative_effect",
    "RO:0001025": "located_in",
    "RO:0002432": "is_active_in",
    "RO:0002325": "colocalizes_with",
    "BFO:0000050": "part_of",
}
NAMESPACES = {
    "F": "molecular_function",
    "P": "biological_process",
    "C": "cellular_component",
    "Function": "molecular_function",
    "Process": "biological_process",
    "Component": "cellular_component",
}


def code_of(word: str) -> str:
    """Return a code in the Gene Ontology's letters; what is unknown stays as it is."""
    return ECO.get(word, word.upper())


def wanted_codes(evidence: str | Iterable[str]) -> frozenset[str] | None:
    """Return the codes that a user wants; None: all.

    Raises
    ------
    ValueError
        If it is neither the name of a group nor codes.
    """
    if isinstance(evidence, str):
        groups = (*EVIDENCE, "all")
        if evidence not in groups:
            hint = f" Give codes in a list: [{evidence!r}]." if _known(evidence) else ""
            raise ValueError(
                f"Expected `evidence` as one of {shorten(groups)}, or as a list of "
                f"codes, but got {evidence!r}.{hint or did_you_mean(evidence, groups)}"
            )
        return None if evidence == "all" else frozenset(EVIDENCE[evidence])
    codes = [str(code) for code in as_list(evidence, "evidence")]
    for code in codes:
        if not _known(code):
            raise ValueError(
                f"In `evidence`: {code!r} is no evidence code; expected some of "
                f"{', '.join(CODES)}, or ECO ids.{did_you_mean(code, CODES)}"
            )
    return frozenset(map(code_of, codes))


def _known(code: str) -> bool:
    return code_of(code) in CODES or code.startswith("ECO:")
