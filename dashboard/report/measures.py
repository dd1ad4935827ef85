"""Every measure that pages and reports show: a plain word, the field's term, what it means and how to read the number.

Data alone: :mod:`dashboard.report.glossary` writes phrases, pages and ``docs/glossary.md`` from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROUPS: Final[dict[str, str]] = {
    "answers": "How good the answers are",
    "sure": "How sure the answers are",
    "tests": "Whether a difference is more than luck",
    "gates": "Whether a gate is used",
    "maps": "Whether a map may be believed",
    "places": "Where a map lies, and how two maps agree",
    "channels": "What channels do",
    "people": "What people saw",
    "data": "What the data hold",
}
"""A group's key → its heading, in the glossary's order."""


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        key: its name in the code, and in ``#word-KEY``. group: a key of :data:`GROUPS`.
        word: what it says, in words that need no training. term: what the field calls it.
        meaning: what is measured. reading: the number's range, and which way is better.
        section: the passage of ``docs/measuring.md`` that says how it is made here; empty where none does.
        paper: where it comes from, and link to that; empty where it needs no source.
        spoken: further spellings by which sentences name it, beside word and term.
        of_faces: whether it means something for models of faces alone.
    """

    key: str
    group: str
    word: str
    term: str
    meaning: str
    reading: str
    section: str = ""
    paper: str = ""
    link: str = ""
    spoken: tuple[str, ...] = ()
    of_faces: bool = False


_ALL: Final[tuple[Measure, ...]] = (
    Measure(
        "accuracy", "answers", "share answered rightly", "accuracy",
        "Of all pictures, the share whose most probable class is the label.",
        "0 to 100 %, higher is better; guessing among seven classes alike gives 14 %.",
        "Views.",
    ),
    Measure(
        "macro_f1", "answers", "every class counted alike", "macro F1",
        "The mean over the classes of F1, which falls when a class is missed (recall) or claimed too often "
        "(precision). A rare class counts as much as a frequent one.",
        "0 to 1, higher is better.",
        "Evaluation", spoken=("macro-F1", "F1"),
    ),
    Measure(
        "precision", "answers", "of its answers, how many are right", "precision",
        "Of the pictures that were answered with a class, the share that has this label.",
        "0 to 100 %, higher is better.", "Evaluation",
    ),
    Measure(
        "recall", "answers", "of its pictures, how many it finds", "recall",
        "Of the pictures with a label, the share that was answered with it.",
        "0 to 100 %, higher is better.", "Evaluation",
    ),
    Measure(
        "auc", "answers", "how often the right one ranks higher", "area under the ROC curve (AUC)",
        "How often a picture of the class gets a higher probability for it than a picture of another class.",
        "0 to 1, higher is better; .5 is guessing.",
        "Evaluation", "Fawcett 2006", "https://doi.org/10.1016/j.patrec.2005.10.010", ("AUC", "ROC"),
    ),
    Measure(
        "average_precision", "answers", "how clean the top of the ranking is", "average precision (AP)",
        "The area under the curve of precision over recall; nothing is interpolated.",
        "0 to 1, higher is better; guessing gives the class's share of the pictures.",
        "Evaluation", spoken=("AP", "precision-recall"),
    ),
    Measure(
        "macro_micro", "answers", "classes averaged, or pooled", "macro and micro curves",
        "Macro is the mean of the classes' curves, each class alike. Micro puts every picture-and-class question into "
        "one pool, so frequent classes weigh more.",
        "Read both: far apart, some classes do much worse than others.",
        "Evaluation", spoken=("Macro (solid)", "Micro (dashed)"),
    ),
    Measure(
        "severity", "answers", "how spoilt the pictures are", "corruption severity",
        "Blur, noise, JPEG, brightness and a covering patch in five steps; 0 is the picture as it is.",
        "0 to 5; a robust model's accuracy falls slowly.",
        "Robustness", "Hendrycks and Dietterich 2019", "https://arxiv.org/abs/1903.12261", ("Severity",),
    ),
    Measure(
        "ece", "sure", "how far confidence is off", "expected calibration error (ECE)",
        "Over 15 bins of confidence, the mean gap between how sure the answers are and how many of them are right, "
        "weighted by pictures.",
        "0 to 100 %, lower is better; 0: of answers given with 80 %, 80 % are right.",
        "Evaluation", "Guo et al. 2017", "https://arxiv.org/abs/1706.04599", ("ECE",),
    ),
    Measure(
        "nll", "sure", "surprise at the true label", "negative log likelihood (NLL)",
        "The mean of −log of the probability that was given to the label; a sure mistake costs most.",
        "0 nats or more, lower is better; seven classes guessed alike give 1.95.",
        "Evaluation", spoken=("NLL", "log likelihood", "surprise at the label", "loss"),
    ),
    Measure(
        "margin", "sure", "how far ahead the true class is", "margin",
        "The probability of the true class less the largest of the others.",
        "−1 to 1; below 0 the answer is wrong.", spoken=("lead of the true class",),
    ),
    Measure(
        "suspicion", "sure", "doubt about the label", "label suspicion",
        "Where confident learning counts a picture to another class: 1 less the probability of the label; 0 elsewhere.",
        "0 to 1, higher is more doubtful.", "Copies",
    ),
    Measure(
        "temperature", "sure", "how much surer or less sure to be", "temperature scaling",
        "One number by which all logits are divided, fitted on `val` alone. It changes how sure the answers are, never "
        "which they are.",
        "Above 1 the model was too sure, below 1 not sure enough.",
        "Evaluation", "Guo et al. 2017", "https://arxiv.org/abs/1706.04599", ("temperature",),
    ),
    Measure(
        "answer_entropy", "sure", "how undecided an answer is", "entropy of the answer",
        "How evenly the probability is spread over the classes.",
        "0: all on one class; log2 of the number of classes, in bits: all alike.",
        "What people saw", "Shannon 1948", "https://doi.org/10.1002/j.1538-7305.1948.tb01338.x",
        ("Entropy in bits", "entropies"),
    ),
    Measure(
        "interval", "tests", "where the true value lies, 19 times of 20", "95 % interval",
        "How well a figure is known from so many pictures: Wilson's interval for shares, a bootstrap that draws the "
        "pictures anew for everything else. It does not hold what another training seed would change.",
        "Narrower is surer; two figures whose intervals overlap are not told apart by them.",
        "Intervals", "Wilson 1927", "https://doi.org/10.1080/01621459.1927.10502953",
        ("95 % intervals", "bootstrap intervals", "bootstrap interval", "bootstrap", "Wilson", "Intervals"),
    ),
    Measure(
        "p", "tests", "how easily luck alone would do it", "p-value",
        "The chance of a difference as large as this or larger, if there were none in truth.",
        "0 to 1; below .05 is called a difference here.",
        "Comparing two models", spoken=("p-values",),
    ),
    Measure(
        "mcnemar", "tests", "do their mistakes differ by more than luck", "McNemar's exact test",
        "Of the pictures that only one of two models answers rightly, are those of one side more than a fair coin "
        "would give?",
        "Gives a p-value; below .05 is called a difference.",
        "Comparing two models", "McNemar 1947", "https://doi.org/10.1007/BF02295996", ("McNemar",),
    ),
    Measure(
        "correction", "tests", "strict, because many are asked at once", "correction for many tests (Bonferroni, Holm)",
        "Of twenty questions one looks like a finding by luck; so each has to be surer, the more are asked.",
        "What is called beyond chance here is so after this correction.",
        "Comparing two models", spoken=("Bonferroni", "Holm"),
    ),
    Measure(
        "total_variation", "gates", "how much of the answer changes", "total variation distance (TVD)",
        "The share of the probability that changes hands between two answers: half the sum of the differences over "
        "the classes.",
        "0 to 1: .040 moves 4 of 100 points. A gate is used from .050 on, weakly used from .010 on.",
        "Is a gate used?", spoken=("total variation", "TVD"),
    ),
    Measure(
        "flips", "gates", "how often another class wins", "flip rate",
        "Of the tries, how many gave another most probable class than the untouched model.",
        "0 to 100 %; 0: the answer always stays.",
        "Is a gate used?", spoken=("another class on top",),
    ),
    Measure(
        "logit", "gates", "the score before it becomes a probability", "logit",
        "What the network adds up for a class; the probabilities are its softmax. Its change shows what a probability "
        "near 0 or 100 % hides.",
        "Any number; only differences between classes count.", "Is a gate used?", spoken=("logits",),
    ),
    Measure(
        "gamma", "gates", "how loud the cross-modal attention is", "γ, and ‖γ · out‖ / ‖projection‖",
        "γ is the learnt weight of what this attention adds; the ratio compares its size with what it is added to.",
        "0: it adds nothing, whatever its map shows; 1: as much as was there.",
        "Is a gate used?", spoken=("γ",),
    ),
    Measure(
        "answer_shares", "gates", "which part gives the answer", "share of the logit",
        "How much each part of the ensemble adds to the answered class above the mean of the classes; exact.",
        "The shares add up to 100 %; below 0 a part speaks against the answer.", "Is a gate used?",
    ),
    Measure(
        "faithfulness", "maps", "does the answer need what the map marks", "deletion and insertion score",
        "The area between two curves of the answer, while the cells that the map ranks lowest or highest are taken "
        "away first, minus that of random maps of the same grid.",
        "−1 to 1, higher is better, 0 is a random map; faithful where the whole interval lies above 0.",
        "Is a map faithful?", "Petsiuk et al. 2018; Rong et al. 2022", "https://arxiv.org/abs/1806.07421",
        ("faithful", "deletion score"),
    ),
    Measure(
        "centre_prior", "maps", "a spot in the middle", "centre prior",
        "A map that knows nothing of the model: a soft spot in the picture's middle.",
        "A map that does no better may only be pointing at the middle.",
        "Planted evidence", spoken=("spot in the middle",),
    ),
    Measure(
        "random_map", "maps", "a map of noise", "random map",
        "Noise on the same grid: what chance reaches.",
        "A map that does no better says nothing.", "Planted evidence", spoken=("random maps",),
    ),
    Measure(
        "edge_map", "maps", "the picture's outlines", "edge map",
        "Where the picture is light beside dark, found without the model.",
        "A map that does no better may only be tracing the picture.", "Planted evidence", spoken=("edges",),
    ),
    Measure(
        "infidelity", "maps", "how wrongly it foretells small changes", "infidelity",
        "The picture is disturbed a little, many times: how wrong is the change of the answer that the map foretells?",
        "0: every change is foretold; 1: as wrong as an empty map. Lower is better.",
        "Further checks of a map", "Yeh et al. 2019", "https://arxiv.org/abs/1901.09392",
    ),
    Measure(
        "max_sensitivity", "maps", "how much the map itself trembles", "max-sensitivity",
        "The picture is disturbed a little, many times: the largest change of the map, relative to its size.",
        "0: it stays; above 1: it changes by more than itself. Lower is better.",
        "Further checks of a map", "Yeh et al. 2019", "https://arxiv.org/abs/1901.09392",
    ),
    Measure(
        "random_weights", "maps", "does the map forget when the model does", "cascading randomisation",
        "The model's parts lose their weights one after the other, from the answer towards the picture; is the map "
        "still the same?",
        "Rank correlation with the true map; it should fall towards 0.",
        "Further checks of a map", "Adebayo et al. 2018", "https://arxiv.org/abs/1810.03292", ("random weights",),
    ),
    Measure(
        "class_sensitivity", "maps", "another map for another class", "class sensitivity",
        "The mean rank correlation between a method's maps for any two classes of one picture.",
        "−1 to 1; at 1 the method draws one map whatever it is asked about. Lower is better.",
        "Further checks of a map", spoken=("alike across classes",),
    ),
    Measure(
        "enrichment", "maps", "how much denser on the true evidence", "enrichment",
        "The map's share of mass on evidence that is known, over the evidence's share of the picture; averaged as "
        "log2 and shown as a factor.",
        "1× is an even map, higher is better.", "Planted evidence",
    ),
    Measure(
        "evidence_mass", "maps", "share on the true evidence", "mass on evidence",
        "The share of the map's positive mass that lies where the evidence is known to be.",
        "0 to 100 %, higher is better; compare with the references on the same grid.", "Planted evidence",
    ),
    Measure(
        "hit", "maps", "does its strongest place hit", "hit rate (pointing game)",
        "How often the map's largest cell lies on evidence that is known.",
        "0 to 100 %, higher is better.",
        "Planted evidence", "Zhang et al. 2018", "https://arxiv.org/abs/1608.00507", ("hit rate", "pointing game"),
    ),
    Measure(
        "off_face", "maps", "share beside the face", "mass off the face",
        "The share of the map's positive mass that lies on hair or background.",
        "0 to 100 %, lower is better.", "Planted evidence", of_faces=True,
    ),
    Measure(
        "completeness", "maps", "the map adds up to the answer", "completeness",
        "A method that has it gives cells that sum to the explained score less that of an empty picture.",
        "Holds or does not; Integrated Gradients and DeepLIFT have it, Grad-CAM has not.",
        "", "Sundararajan et al. 2017", "https://arxiv.org/abs/1703.01365",
    ),
    Measure(
        "mass", "places", "share of the map in a place", "mass",
        "The positive values of a map are made to sum to 1; a place's mass is its part of that.",
        "0 to 100 %; an even map has as much as the place has of the picture.", "Class statistics",
    ),
    Measure(
        "map_entropy", "places", "how spread out a map is", "entropy of a map",
        "How evenly the mass lies over the cells.",
        "0 nats: all in one cell; 100 %: an even map.", "Class statistics",
        "Shannon 1948", "https://doi.org/10.1002/j.1538-7305.1948.tb01338.x", ("Entropy",),
    ),
    Measure(
        "centre_of_mass", "places", "the map's middle", "centre of mass",
        "The mean place of the mass, from the left and from the top of the picture.",
        "0 to 100 % of width and height; 50 is the middle.", "Class statistics",
    ),
    Measure(
        "spearman", "places", "do they rank the places alike", "rank correlation (Spearman's ρ)",
        "Do two maps put the cells into the same order? Sizes do not count, so maps without a common unit compare.",
        "1: the same order; 0: unrelated; −1: the reverse.",
        "Further checks of a map", "Spearman 1904", "https://doi.org/10.2307/1412159",
        ("rank correlation", "Spearman", "ρ"),
    ),
    Measure(
        "top_overlap", "places", "how many of the strongest places they share", "overlap of the strongest tenth",
        "Of the tenth of the cells in which each map is strongest, the share that both have, on the coarsest common "
        "grid.",
        "0 to 100 %; two unrelated maps share about a tenth of it.", "",
        spoken=("strongest tenth", "top tenth in common", "top tenth"),
    ),
    Measure(
        "welch", "places", "cell by cell, beyond chance", "Welch's test",
        "Do the mean maps of two groups differ in a cell by more than single pictures vary?",
        "Beyond chance: p below .05 after correction for the cells of the map.",
        "Class statistics", "Welch 1947", "https://doi.org/10.1093/biomet/34.1-2.28", ("Welch",),
    ),
    Measure(
        "received", "places", "how much a place is looked at", "attention received",
        "In self-attention, the mean over all cells of how much they look at this one, times the number of cells.",
        "1 is an even share; a map of 1 everywhere says nothing of places.",
        "Self-attention and its rollout", "Abnar and Zuidema 2020", "https://arxiv.org/abs/2005.00928",
    ),
    Measure(
        "selectivity", "channels", "how well a channel tells classes apart", "class selectivity (F)",
        "How far the classes' means of a channel lie apart, against how much pictures of one class differ: the F of "
        "one-way analysis of variance.",
        "0 or more, higher tells better; beyond chance above the dotted line.",
        "Class statistics", spoken=("Class selectivity", "F statistic"),
    ),
    Measure(
        "energy", "channels", "how loud a channel is", "energy",
        "The mean square of a channel's values over the cells, for one picture.",
        "0 or more; 0: it answers nothing.", spoken=("Energy",),
    ),
    Measure(
        "deviations", "channels", "how unusual, in ordinary spreads", "standard deviations within classes",
        "How far a class's mean lies from the mean of the classes, in units of how much pictures of one class differ.",
        "0: as all others; ±1: by one usual spread.", "Class statistics", spoken=("standard deviations",),
    ),
    Measure(
        "clusters", "channels", "channels that go together", "Ward's clusters",
        "Channels are joined step by step so that those of one group have profiles over the classes that are alike.",
        "The number is chosen by you; there is no right one.",
        "Class statistics", "Ward 1963", "https://doi.org/10.1080/01621459.1963.10500845", ("Ward",),
    ),
    Measure(
        "majority", "people", "what most people saw", "majority of the votes (FER+)",
        "Of ten people a picture, the emotion with the most votes.",
        "The label is what most people saw in 62.7 % of FER2013's `private`.",
        "What people saw", "Barsoum et al. 2016", "https://arxiv.org/abs/1608.01041", ("FER+",), True,
    ),
    Measure(
        "ceiling", "people", "what a single person would reach", "human ceiling",
        "Each voter of a picture is asked in turn how often they say what most of the others say.",
        "0 to 100 %; a model can hardly be asked for more.", "What people saw",
        spoken=("agrees with most voters but one", "one voter agrees with most of the others"), of_faces=True,
    ),
    Measure(
        "jensen_shannon", "people", "how far the answer is from the votes", "Jensen-Shannon distance",
        "How different the model's probabilities and the voters' shares are, taken as two answers.",
        "0: the same; 1: nothing in common. Lower is better.",
        "What people saw", "Lin 1991", "https://doi.org/10.1109/18.61115", ("Jensen-Shannon",), True,
    ),
    Measure(
        "copies", "data", "the same picture twice", "exact and near copies",
        "Exact copies have equal pixels; near copies agree in two perceptual hashes within 6 of 64 bits.",
        "A copy of a training picture measures memory, so accuracy without them is the fairer one.",
        "Copies", spoken=("near copies", "Copies", "copies"),
    ),
    Measure(
        "confident_learning", "data", "labels that the model doubts", "confident learning",
        "A label is suspect where a model that was not trained on the picture is surer of another class than it "
        "usually is of that class.",
        "A suspicion, not a proof: look at the picture.",
        "Copies", "Northcutt et al. 2021", "https://arxiv.org/abs/1911.00068",
        ("suspect labels", "doubtful labels", "suspects"),
    ),
)  # fmt: skip

MEASURES: Final[dict[str, Measure]] = {one.key: one for one in _ALL}
"""Key → measure, group by group."""
