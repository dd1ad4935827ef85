"""The works that a report's figures rest on, as BibTeX: of each method that was used, and of no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from engine.errors import UnknownNameError

REFERENCES: Final[dict[str, tuple[str, Mapping[str, str]]]] = {
    "ferlens": (
        "software",
        {
            "author": "{FERLens contributors}",
            "title": "{FERLens}: facial-expression models with attention, and what their attention is worth",
            "year": "2026",
            "note": "MIT licence",
        },
    ),
    "goodfellow2013": (
        "inproceedings",
        {
            "author": "Goodfellow, Ian J. and Erhan, Dumitru and Carrier, Pierre Luc and Courville, Aaron and others",
            "title": "Challenges in Representation Learning: A Report on Three Machine Learning Contests",
            "booktitle": "Neural Information Processing (ICONIP)",
            "year": "2013",
        },
    ),
    "barsoum2016": (
        "inproceedings",
        {
            "author": "Barsoum, Emad and Zhang, Cha and Canton Ferrer, Cristian and Zhang, Zhengyou",
            "title": "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution",
            "booktitle": "ACM International Conference on Multimodal Interaction (ICMI)",
            "year": "2016",
            "note": "arXiv:1608.01041",
        },
    ),
    "woo2018": (
        "inproceedings",
        {
            "author": "Woo, Sanghyun and Park, Jongchan and Lee, Joon-Young and Kweon, In So",
            "title": "{CBAM}: Convolutional Block Attention Module",
            "booktitle": "European Conference on Computer Vision (ECCV)",
            "year": "2018",
            "note": "arXiv:1807.06521",
        },
    ),
    "dosovitskiy2021": (
        "inproceedings",
        {
            "author": "Dosovitskiy, Alexey and Beyer, Lucas and Kolesnikov, Alexander and Weissenborn, Dirk and others",
            "title": "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
            "booktitle": "International Conference on Learning Representations (ICLR)",
            "year": "2021",
            "note": "arXiv:2010.11929",
        },
    ),
    "vaswani2017": (
        "inproceedings",
        {
            "author": "Vaswani, Ashish and Shazeer, Noam and Parmar, Niki and Uszkoreit, Jakob and others",
            "title": "Attention Is All You Need",
            "booktitle": "Advances in Neural Information Processing Systems",
            "year": "2017",
            "note": "arXiv:1706.03762",
        },
    ),
    "hinton2015": (
        "misc",
        {
            "author": "Hinton, Geoffrey and Vinyals, Oriol and Dean, Jeff",
            "title": "Distilling the Knowledge in a Neural Network",
            "year": "2015",
            "note": "arXiv:1503.02531",
        },
    ),
    "loshchilov2019": (
        "inproceedings",
        {
            "author": "Loshchilov, Ilya and Hutter, Frank",
            "title": "Decoupled Weight Decay Regularization",
            "booktitle": "International Conference on Learning Representations (ICLR)",
            "year": "2019",
            "note": "arXiv:1711.05101",
        },
    ),
    "szegedy2016": (
        "inproceedings",
        {
            "author": "Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and Shlens, Jon and Wojna, Zbigniew",
            "title": "Rethinking the Inception Architecture for Computer Vision",
            "booktitle": "IEEE Conference on Computer Vision and Pattern Recognition (CVPR)",
            "year": "2016",
            "note": "arXiv:1512.00567",
        },
    ),
    "zhang2018": (
        "inproceedings",
        {
            "author": "Zhang, Hongyi and Cisse, Moustapha and Dauphin, Yann N. and Lopez-Paz, David",
            "title": "mixup: Beyond Empirical Risk Minimization",
            "booktitle": "International Conference on Learning Representations (ICLR)",
            "year": "2018",
            "note": "arXiv:1710.09412",
        },
    ),
    "zhong2020": (
        "inproceedings",
        {
            "author": "Zhong, Zhun and Zheng, Liang and Kang, Guoliang and Li, Shaozi and Yang, Yi",
            "title": "Random Erasing Data Augmentation",
            "booktitle": "AAAI Conference on Artificial Intelligence",
            "year": "2020",
            "note": "arXiv:1708.04896",
        },
    ),
    "wilson1927": (
        "article",
        {
            "author": "Wilson, Edwin B.",
            "title": "Probable Inference, the Law of Succession, and Statistical Inference",
            "journal": "Journal of the American Statistical Association",
            "volume": "22",
            "number": "158",
            "pages": "209--212",
            "year": "1927",
        },
    ),
    "efron1993": (
        "book",
        {
            "author": "Efron, Bradley and Tibshirani, Robert J.",
            "title": "An Introduction to the Bootstrap",
            "publisher": "Chapman \\& Hall",
            "year": "1993",
        },
    ),
    "mcnemar1947": (
        "article",
        {
            "author": "McNemar, Quinn",
            "title": "Note on the Sampling Error of the Difference between Correlated Proportions or Percentages",
            "journal": "Psychometrika",
            "volume": "12",
            "number": "2",
            "pages": "153--157",
            "year": "1947",
        },
    ),
    "holm1979": (
        "article",
        {
            "author": "Holm, Sture",
            "title": "A Simple Sequentially Rejective Multiple Test Procedure",
            "journal": "Scandinavian Journal of Statistics",
            "volume": "6",
            "number": "2",
            "pages": "65--70",
            "year": "1979",
        },
    ),
    "naeini2015": (
        "inproceedings",
        {
            "author": "Naeini, Mahdi Pakdaman and Cooper, Gregory F. and Hauskrecht, Milos",
            "title": "Obtaining Well Calibrated Probabilities Using {Bayesian} Binning",
            "booktitle": "AAAI Conference on Artificial Intelligence",
            "year": "2015",
        },
    ),
    "guo2017": (
        "inproceedings",
        {
            "author": "Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q.",
            "title": "On Calibration of Modern Neural Networks",
            "booktitle": "International Conference on Machine Learning (ICML)",
            "year": "2017",
            "note": "arXiv:1706.04599",
        },
    ),
    "hendrycks2019": (
        "inproceedings",
        {
            "author": "Hendrycks, Dan and Dietterich, Thomas",
            "title": "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
            "booktitle": "International Conference on Learning Representations (ICLR)",
            "year": "2019",
            "note": "arXiv:1903.12261",
        },
    ),
    "paszke2019": (
        "inproceedings",
        {
            "author": "Paszke, Adam and Gross, Sam and Massa, Francisco and Lerer, Adam and others",
            "title": "{PyTorch}: An Imperative Style, High-Performance Deep Learning Library",
            "booktitle": "Advances in Neural Information Processing Systems",
            "year": "2019",
            "note": "arXiv:1912.01703",
        },
    ),
    "pedregosa2011": (
        "article",
        {
            "author": "Pedregosa, Fabian and Varoquaux, Gael and Gramfort, Alexandre and Michel, Vincent and others",
            "title": "Scikit-learn: Machine Learning in {Python}",
            "journal": "Journal of Machine Learning Research",
            "volume": "12",
            "pages": "2825--2830",
            "year": "2011",
        },
    ),
}
"""Key → (kind of entry, its fields)."""


def bibtex(keys: Iterable[str]) -> str:
    """Return the entries of ``keys``, each once, sorted.

    Raises:
        UnknownNameError: there is none of that key.
    """
    entries = []
    for key in sorted(set(keys)):
        if key not in REFERENCES:
            raise UnknownNameError("reference", key, REFERENCES)
        kind, fields = REFERENCES[key]
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        entries.append(f"@{kind}{{{key},\n{lines}\n}}\n")
    return "\n".join(entries)
