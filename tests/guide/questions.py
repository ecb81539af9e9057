"""Forty questions as people ask them, what the guide answers, and why that is right.

`docs/questions.md` shows them.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Question(NamedTuple):
    """A question in words, its facts, and the answer: verdict, strategy, first candidate, why."""

    words: str
    facts: dict[str, Any]
    verdict: str
    strategy: str
    first: str | None
    why: str


# fmt: off
QUESTIONS = [
    Question(
        'Which customers will leave next month? 20,000 rows of contracts and usage, all labelled.',
        dict(modalities=["tabular"], task="classification", n_rows=20000, n_labelled=20000, n_features=40, n_classes=2),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        "W1: under 100,000 rows trees win on tables; churn is one of the guide's own examples of classical ML",
    ),
    Question(
        'Will this loan be repaid? 50,000 past loans in a table; each refusal must be explained.',
        dict(modalities=["tabular"], task="classification", n_rows=50000, n_labelled=50000, domain="lending", explainability="required"),
        "classical_ml", "interpretable_classical", 'Logistic regression or a scorecard',
        'R4: a stated need for explanation decides, and a scorecard is what lenders use',
    ),
    Question(
        'What is this flat worth? 5,000 sales with 30 columns.',
        dict(modalities=["tabular"], task="regression", n_rows=5000, n_labelled=5000, n_features=30),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        "W1 and R1: house prices are the guide's own example; 30 columns suit trees",
    ),
    Question(
        'Clicks on adverts: 40 million rows of a clean table.',
        dict(modalities=["tabular"], task="classification", n_rows=40000000, n_labelled=40000000, clean=True),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        "the guide's rule ends at 500,000 rows: trees by its rule of thumb, with a network as challenger",
    ),
    Question(
        'Boosting is tuned out on 300,000 clean rows of sensor readings. What next?',
        dict(modalities=["tabular"], task="regression", n_rows=300000, n_labelled=300000, trees_exhausted=True, clean=True),
        "deep_learning", "tabular_deep_learning", 'FT-Transformer',
        "R1: exhausted trees on a clean table of this size are the guide's moment to switch",
    ),
    Question(
        'Which of 120 patients will respond? 20,000 gene expressions each.',
        dict(modalities=["tabular"], task="classification", n_rows=120, n_labelled=120, n_features=20000, n_classes=2),
        "classical_ml", "regularised_classical", 'Penalised linear model (ridge or lasso, for classes L2 logistic)',
        'R3: 120 labels carry few weights, the more so with more columns than rows',
    ),
    Question(
        'Card fraud: 280,000 payments, 0.2% of them known frauds.',
        dict(modalities=["tabular"], task="anomaly_detection", n_rows=280000, n_labelled=280000, rarest_class_share=0.002),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        "F1: with labels this is fraud detection, the guide's own example; the note warns of accuracy at 0.2%",
    ),
    Question(
        'Odd bookings in a ledger of 100,000 rows; nobody has marked any.',
        dict(modalities=["tabular"], task="anomaly_detection", n_rows=100000, n_labelled=0),
        "classical_ml", "unsupervised", 'Isolation forest',
        'nothing is labelled, so nothing supervised: the guide is silent, practice starts with an isolation forest',
    ),
    Question(
        'Which groups of customers do we have? 30,000 rows, no labels.',
        dict(modalities=["tabular"], task="clustering", n_rows=30000, n_labelled=0),
        "classical_ml", "unsupervised", 'k-means on scaled columns',
        'the guide is silent on clusters: k-means first, HDBSCAN where their number is unknown',
    ),
    Question(
        'How long until a machine fails? 4,000 machines, most still running.',
        dict(modalities=["tabular"], task="survival", n_rows=4000, n_labelled=4000),
        "classical_ml", "gradient_boosted_trees_or_forest", "Random survival forest",
        'W1 speaks of the table, nobody of censoring: a survival forest, with Cox regression as the baseline',
    ),
    Question(
        "Order the hits of our shop's search: 200,000 judged pairs with features.",
        dict(modalities=["tabular"], task="ranking", n_rows=200000, n_labelled=200000),
        "classical_ml", "gradient_boosted_trees_or_forest", 'LambdaMART (LightGBM or XGBoost ranker)',
        'R1 speaks of the table, nobody of ranking: LambdaMART is what search teams fit',
    ),
    Question(
        'Which of 30 tags fit an article? 15,000 tagged texts.',
        dict(modalities=["text"], task="multi_label", n_labelled=15000, n_classes=30),
        "deep_learning", "fine_tune_pretrained", 'Pretrained network with one sigmoid per label',
        'R2: raw text; practice adds one sigmoid per label',
    ),
    Question(
        'Route 10,000 labelled support mails to six teams.',
        dict(modalities=["text"], task="classification", n_labelled=10000, n_classes=6),
        "deep_learning", "fine_tune_pretrained", 'BERT or DistilBERT, fine-tuned',
        'R2: raw text with enough labels; the TF-IDF baseline stands beside it',
    ),
    Question(
        'Complaint or not? 120 labelled mails.',
        dict(modalities=["text"], task="classification", n_labelled=120, n_classes=2),
        "deep_learning", "transfer_learning_frozen_backbone", 'SetFit, a sentence encoder with a linear head',
        'R3: few labels say how, with a borrowed encoder, and not which family',
    ),
    Question(
        'Sort mails into five folders; not one is labelled.',
        dict(modalities=["text"], task="classification", n_rows=20000, n_labelled=0, n_classes=5),
        "deep_learning", "pretrained_without_labels", 'Embeddings of a pretrained network, clustered to draw what to label',
        'nothing is labelled: embeddings to choose what to label, and a zero-shot draft',
    ),
    Question(
        'Moderate chat messages within 5 ms on a CPU; 50,000 are labelled.',
        dict(modalities=["text"], task="classification", n_labelled=50000, latency_ms=5, hardware="cpu"),
        "classical_ml", "regularised_classical", 'TF-IDF with a linear SVM (support vector regression for a number)',
        'R5: the smallest Transformer was measured far above 5 ms on a CPU, so TF-IDF, contested by R2',
    ),
    Question(
        'Moderate chat messages within 60 ms on a CPU; 50,000 are labelled.',
        dict(modalities=["text"], task="classification", n_labelled=50000, latency_ms=60, hardware="cpu"),
        "deep_learning", "small_pretrained", 'MiniLM embeddings with logistic regression',
        'the small encoder was measured under 60 ms and the larger ones above, so it comes first',
    ),
    Question(
        'Which clauses of a contract are risky? 3,000 labelled clauses; a lawyer must see why.',
        dict(modalities=["text"], task="classification", n_labelled=3000, domain="legal", explainability="required"),
        "classical_ml", "interpretable_classical", 'TF-IDF with logistic regression',
        "R4: the lawyer's need decides; a word's weight can be read",
    ),
    Question(
        'Find passages for a query among company documents; 5,000 judged pairs.',
        dict(modalities=["text"], task="ranking", n_labelled=5000),
        "deep_learning", "fine_tune_pretrained", 'BM25, re-ranked by a fine-tuned cross-encoder',
        'R2: raw text; BM25 finds and the network re-ranks, for ranking itself is not in the guide',
    ),
    Question(
        'Write product descriptions from a few keywords.',
        dict(modalities=["text"], task="generation"),
        "deep_learning", "generative_pretrained", 'Pretrained language model, prompted, then adapted with LoRA',
        'R6: only deep learning generates',
    ),
    Question(
        'Read handwritten digits on forms: 60,000 small pictures, at most 5 ms each, a hard limit.',
        dict(modalities=["image"], task="classification", n_labelled=60000, n_classes=10, budget="hard_limit", latency_ms=5),
        "deep_learning", "small_pretrained", 'A CNN of a few convolutions, trained from scratch or distilled',
        'the hard limit is 5 ms and a small CNN was measured at a fiftieth of it, so R2 stands',
    ),
    Question(
        'Scratched or sound? 400 labelled photographs of parts.',
        dict(modalities=["image"], task="classification", n_labelled=400, n_classes=2),
        "deep_learning", "transfer_learning_frozen_backbone", 'ResNet or EfficientNet, frozen, with a new linear head',
        'R2, and R3 says how: a frozen backbone',
    ),
    Question(
        'Pneumonia in chest images: 500 labelled, for diagnosis.',
        dict(modalities=["image"], task="classification", n_labelled=500, domain="medical_diagnosis"),
        "deep_learning", "transfer_learning_frozen_backbone", 'ResNet or EfficientNet, frozen, with a new linear head',
        'R2 beats the assumption of R4; the answer says that a stated need would turn it',
    ),
    Question(
        'Pneumonia in chest images: 500 labelled, and each diagnosis must be explained.',
        dict(modalities=["image"], task="classification", n_labelled=500, domain="medical_diagnosis", explainability="required"),
        "classical_ml", "regularised_classical", 'Logistic regression on named image measurements',
        'R4 stated beats R2, contested: measurements with names, few labels, strong penalty',
    ),
    Question(
        'Photographs of sound parts alone; find the damaged ones.',
        dict(modalities=["image"], task="anomaly_detection", n_rows=3000, n_labelled=0),
        "deep_learning", "pretrained_without_labels", "Distance to the nearest normal examples in a pretrained network's features (PatchCore, k-NN)",
        'R2 speaks of the images, nobody of unlabelled anomalies: distances in pretrained features',
    ),
    Question(
        'Count bottles on shelf photographs: 2,000 with boxes, on a GPU.',
        dict(modalities=["image"], task="detection", n_labelled=2000, hardware="gpu"),
        "deep_learning", "fine_tune_pretrained", 'YOLO or RT-DETR, pretrained on COCO, fine-tuned',
        "D1: detection is the guide's own example of deep learning",
    ),
    Question(
        'Outline tumours: 200 slices with masks.',
        dict(modalities=["image"], task="segmentation", n_labelled=200, domain="medical_diagnosis"),
        "deep_learning", "transfer_learning_frozen_backbone", 'U-Net with an ImageNet encoder',
        'D1 and R3: a U-Net with a pretrained, frozen encoder',
    ),
    Question(
        'Segmentation of our customers: 30,000 rows.',
        dict(modalities=["tabular"], task="segmentation", n_rows=30000),
        "insufficient_information", "none", None,
        'segmentation is of images: the answer says that groups of rows are clustering',
    ),
    Question(
        'Recognise plants on a phone: 80,000 photographs of 300 species.',
        dict(modalities=["image"], task="classification", n_labelled=80000, n_classes=300, hardware="edge"),
        "deep_learning", "small_pretrained", 'MobileNetV3 or EfficientNet-B0, fine-tuned',
        'R2, and R5 for the phone: a small pretrained network, measured on the device',
    ),
    Question(
        'Sort 50,000 holiday pictures into albums nobody has named.',
        dict(modalities=["image"], task="clustering", n_rows=50000, n_labelled=0),
        "deep_learning", "pretrained_without_labels", 'Embeddings of a pretrained network (DINOv2, MiniLM, CLAP), clustered by HDBSCAN',
        'R2 speaks of the images, nobody of clusters: pretrained embeddings, clustered',
    ),
    Question(
        'Which bird sings? 6,000 labelled recordings.',
        dict(modalities=["audio"], task="classification", n_labelled=6000, n_classes=40),
        "deep_learning", "fine_tune_pretrained", 'wav2vec 2.0 or Audio Spectrogram Transformer, fine-tuned',
        'R2: audio, with enough labels to fine-tune',
    ),
    Question(
        'Sales of one shop next month: 48 monthly figures.',
        dict(task="forecasting", modalities=["time_series"], n_series=1, n_rows=48),
        "classical_ml", "statistical_forecasting", 'Seasonal naive and exponential smoothing',
        'S1: one short series teaches level, trend and season, so exponential smoothing first',
    ),
    Question(
        'Sales of 3,000 articles in 50 shops for the next four weeks.',
        dict(task="forecasting", modalities=["tabular"], n_series=150000, n_rows=100000000),
        "hybrid", "hybrid_benchmark_both", 'LightGBM with lag, rolling and calendar features',
        'G1: forecasting is the gray zone; many series are where a global model can pay',
    ),
    Question(
        'Which films to suggest? 20 million ratings.',
        dict(task="recommendation", n_rows=20000000),
        "hybrid", "hybrid_benchmark_both", 'Item-based neighbours or matrix factorisation (ALS)',
        'G1: recommendation is the gray zone; simple neighbours are the baseline to beat',
    ),
    Question(
        'Arrhythmia in heart traces: 9,000 labelled.',
        dict(modalities=["time_series"], task="time_series_classification", n_labelled=9000, n_classes=4),
        "hybrid", "hybrid_benchmark_both", 'MiniRocket with a ridge classifier (or ridge regression)',
        'the guide is silent on classes of series: MiniRocket against InceptionTime',
    ),
    Question(
        'Which accounts of a payment network launder money? 200,000 accounts, 2% labelled.',
        dict(modalities=["graph"], task="classification", n_rows=200000, n_labelled=4000, rarest_class_share=0.02),
        "hybrid", "hybrid_benchmark_both", 'Features of nodes and neighbourhoods with XGBoost',
        'the guide is silent on graphs: hand-made features with trees against a graph network',
    ),
    Question(
        'Will it sell? 30,000 adverts with columns, a text and a photograph.',
        dict(modalities=["tabular", "text", "image"], task="classification", n_rows=30000, n_labelled=30000, n_classes=2),
        "hybrid", "hybrid_benchmark_both", 'XGBoost on the columns',
        'M1: columns and raw data need both',
    ),
    Question(
        'What went wrong? Server logs of a year, nothing labelled.',
        dict(modalities=["text"], task="log_analysis", n_labelled=0),
        "hybrid", "label_first", 'Parsed log templates with an isolation forest over their counts',
        'G1 for logs, and nothing is labelled: templates with an isolation forest, then labels',
    ),
    Question(
        'Make synthetic patients from a table of 10,000.',
        dict(modalities=["tabular"], task="generation", n_rows=10000),
        "deep_learning", "generative_pretrained", 'Tabular diffusion or CTGAN',
        'R6: synthetic rows are generation too',
    ),
    Question(
        'We have data and a deadline. What shall we use?',
        dict(budget="tight"),
        "insufficient_information", "none", None,
        'a budget alone decides nothing: the answer names the facts that would',
    ),
]
# fmt: on
