"""Questions as people ask them, what the guide answers, and why that is right.

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
        "W1: under 100,000 rows networks lose on tables; churn is one of the guide's own examples of classical ML",
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
        "W1 and R1: house prices are the guide's own example of classical ML",
    ),
    Question(
        'Which connections are attacks? 40 million rows of numbers in a clean table.',
        dict(modalities=["tabular"], task="classification", n_rows=40000000, n_labelled=40000000, clean=True),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        "the guide's rule ends at 500,000 rows: trees by its rule of thumb, with a network as challenger and a linear model as the baseline",
    ),
    Question(
        'Boosting is tuned out on 300,000 clean rows of sensor readings. What next?',
        dict(modalities=["tabular"], task="regression", n_rows=300000, n_labelled=300000, trees_exhausted=True, clean=True),
        "deep_learning", "tabular_deep_learning", 'An ensembled MLP (TabM, RealMLP), averaged with the tuned trees',
        "R1: exhausted trees on a clean table of this size are the guide's moment to switch; better features come first, and the average keeps the trees",
    ),
    Question(
        'Which of 120 patients will respond? 20,000 gene expressions each.',
        dict(modalities=["tabular"], task="classification", n_rows=120, n_labelled=120, n_features=20000, n_classes=2),
        "classical_ml", "regularised_classical", 'Penalised linear model (ridge or lasso)',
        'R3: 120 labels carry few weights, and there are more columns than rows',
    ),
    Question(
        'Card fraud: 280,000 payments, 0.2% of them known frauds.',
        dict(modalities=["tabular"], task="anomaly_detection", n_rows=280000, n_labelled=280000, rarest_class_share=0.002),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        "F1: with labels this is fraud detection, the guide's own example; the notes say how to judge, split and set the threshold at 0.2%",
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
        'W1 speaks of the table and no rule of censoring, on which the guide is silent: a survival forest that must beat Cox regression',
    ),
    Question(
        "Order the hits of our shop's search: 200,000 judged pairs with features.",
        dict(modalities=["tabular"], task="ranking", n_rows=200000, n_labelled=200000),
        "classical_ml", "gradient_boosted_trees_or_forest", 'LambdaMART (LightGBM or XGBoost ranker)',
        'R1 speaks of the table and the guide is silent on ranking: LambdaMART is what search teams fit',
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
        'R2: raw text with enough labels; the TF-IDF baseline is run first',
    ),
    Question(
        'Complaint or not? 120 labelled mails.',
        dict(modalities=["text"], task="classification", n_labelled=120, n_classes=2),
        "deep_learning", "transfer_learning_frozen_backbone", 'Frozen sentence encoder (MiniLM) with logistic regression',
        'R3: few labels say how, with a borrowed encoder, and not which family; SetFit and a prompted language model are compared with it',
    ),
    Question(
        'Sort mails into five folders; not one is labelled.',
        dict(modalities=["text"], task="classification", n_rows=20000, n_labelled=0, n_classes=5),
        "deep_learning", "pretrained_without_labels", 'Language model, asked by the names of the classes (zero-shot)',
        'nothing is labelled and the folders have names: a zero-shot draft, embeddings to choose what to label, rules on senders and keywords',
    ),
    Question(
        'Moderate chat messages within 5 ms on a CPU; 50,000 are labelled.',
        dict(modalities=["text"], task="classification", n_labelled=50000, latency_ms=5, hardware="cpu"),
        "classical_ml", "regularised_classical", 'TF-IDF with a linear SVM',
        'R5: the smallest Transformer we measured (MiniLM, 128 tokens, not quantised) takes 40 ms, so a linear model on words; R2 contests it, and shorter texts or int8 may fit',
    ),
    Question(
        'Moderate chat messages within 60 ms on a CPU; 50,000 are labelled.',
        dict(modalities=["text"], task="classification", n_labelled=50000, latency_ms=60, hardware="cpu"),
        "deep_learning", "small_pretrained", 'MiniLM, fine-tuned',
        'R5: the small encoder was measured under 60 ms and the larger ones above; 50,000 labels suffice to fine-tune it',
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
        'R2: raw text; the guide is silent on ranking itself: BM25 finds and the network re-ranks',
    ),
    Question(
        'Write product descriptions from a few keywords.',
        dict(modalities=["text"], task="generation"),
        "deep_learning", "generative_pretrained", 'Pretrained language model, prompted, then adapted with LoRA',
        'R6: only deep learning generates text',
    ),
    Question(
        'Read handwritten digits on forms: 60,000 small pictures, at most 5 ms each, a hard limit.',
        dict(modalities=["image"], task="classification", n_labelled=60000, n_classes=10, budget="hard_limit", latency_ms=5),
        "deep_learning", "small_pretrained", 'A CNN of a few convolutions, trained from scratch or distilled',
        'the hard limit is 5 ms and a small CNN was measured at less than a fiftieth of it, so R2 stands',
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
        'R2 beats the assumption of R4; the answer says that a stated need would turn it, and to split by patient',
    ),
    Question(
        'Pneumonia in chest images: 500 labelled, and each diagnosis must be explained.',
        dict(modalities=["image"], task="classification", n_labelled=500, domain="medical_diagnosis", explainability="required"),
        "classical_ml", "regularised_classical", 'Logistic regression on named image measurements',
        'R4 stated beats R2, contested: measurements with names, and the answer says how much accuracy to expect of them and what else to argue for',
    ),
    Question(
        'Photographs of 3,000 parts, all sound; find the damaged ones.',
        dict(modalities=["image"], task="anomaly_detection", n_rows=3000, n_labelled=3000, n_classes=1),
        "deep_learning", "pretrained_without_labels", "Distance to the nearest normal images in a pretrained network's features (PatchCore)",
        'R2 speaks of the images, and the guide is silent on anomalies with one class labelled: distances in pretrained features, and a few dozen damaged parts to set the threshold',
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
        "deep_learning", "fine_tune_pretrained", 'nnU-Net, trained from scratch on the masks',
        'D1: a network made for masks, whose decoder is trained; in medicine nnU-Net is what others are compared with',
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
        'R2, and R5 because it runs on a phone: a small pretrained network, measured on the device',
    ),
    Question(
        'Sort 50,000 holiday pictures into albums nobody has named.',
        dict(modalities=["image"], task="clustering", n_rows=50000, n_labelled=0),
        "deep_learning", "pretrained_without_labels", 'DINOv2 or CLIP embeddings, clustered (k-means or agglomeration; HDBSCAN leaves noise unsorted)',
        'R2 speaks of the images, and the guide is silent on clusters: by date and place first, then pretrained embeddings, clustered',
    ),
    Question(
        'Which bird sings? 6,000 labelled recordings.',
        dict(modalities=["audio"], task="classification", n_labelled=6000, n_classes=40),
        "deep_learning", "fine_tune_pretrained", 'Frozen embeddings of a network trained on like sounds (birds: BirdNET, Perch; others: YAMNet, PANNs), with a linear head',
        'R2: audio; what was trained on birds carries over best, and fine-tuning comes second',
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
        dict(modalities=["time_series"], task="time_series_classification", n_labelled=9000, n_classes=4, domain="medical_diagnosis"),
        "hybrid", "hybrid_benchmark_both", 'MiniRocket with a ridge classifier',
        'the guide is silent on classes of series: MiniRocket against InceptionTime, split by patient; the assumption of R4 does not beat the data',
    ),
    Question(
        'Which accounts of a payment network launder money? 200,000 accounts, 2% labelled.',
        dict(modalities=["tabular", "graph"], task="classification", n_rows=200000, n_labelled=4000),
        "hybrid", "hybrid_benchmark_both", 'Features of nodes and neighbourhoods with XGBoost',
        'the guide is silent on graphs: hand-made features with trees against a graph network; whether the other 98% were checked is asked',
    ),
    Question(
        'Will it sell? 30,000 adverts with columns, a text and a photograph.',
        dict(modalities=["tabular", "text", "image"], task="classification", n_rows=30000, n_labelled=30000, n_classes=2),
        "hybrid", "hybrid_benchmark_both", 'XGBoost on the columns',
        'M1: columns and raw data are fused, and the columns alone are the baseline',
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
        "hybrid", "hybrid_benchmark_both", 'Synthetic columns one after the other, by trees (synthpop)',
        'R6 speaks of images, text and audio, and the guide is silent on rows: privacy first, a classical generator, then a network against it',
    ),
    Question(
        'We have data and a deadline. What shall we use?',
        dict(budget="tight"),
        "insufficient_information", "none", None,
        'a tight budget alone is a preference (R5) and chooses no family: the answer names the facts that would',
    ),
    Question(
        'Which samples of milk have turned? A table of 300 rows and 20 columns.',
        dict(modalities=["tabular"], task="classification", n_rows=300, n_labelled=300, n_features=20, n_classes=2),
        "classical_ml", "regularised_classical", 'Penalised linear model (ridge or lasso)',
        'R3: 300 labels carry few weights; TabPFN is the challenger at this size',
    ),
    Question(
        'Which orders will be returned? 300,000 rows, 60 columns, as clean as it gets.',
        dict(modalities=["tabular"], task="classification", n_rows=300000, n_labelled=300000, n_features=60, n_classes=2, clean=True),
        "classical_ml", "gradient_boosted_trees_or_forest", 'XGBoost',
        'R1: a clean table under 500,000 rows starts with boosting; exhausted trees would turn it',
    ),
    Question(
        'Which reviews are fake? 100,000 texts, 200 of them labelled.',
        dict(modalities=["text"], task="classification", n_rows=100000, n_labelled=200, n_classes=2),
        "deep_learning", "transfer_learning_frozen_backbone", 'Frozen sentence encoder (MiniLM) with logistic regression',
        'R2 and R3: a borrowed encoder; the other texts are there to choose from what to label next',
    ),
    Question(
        'Will this pump fail within a week? 5,000 labelled windows of its vibration.',
        dict(modalities=["time_series"], task="classification", n_labelled=5000, n_classes=2),
        "hybrid", "hybrid_benchmark_both", 'MiniRocket with a ridge classifier',
        'P2: the guide speaks of series only to be forecast, and practice benchmarks MiniRocket and named features against a network, split by pump',
    ),
    Question(
        'Load of one power line, hourly for three years: the next day, please.',
        dict(modalities=["time_series"], task="forecasting", n_series=1, n_rows=26000),
        "hybrid", "hybrid_benchmark_both", 'Seasonal naive and exponential smoothing',
        'G1: forecasting is the gray zone once a series is long; exponential smoothing is what the rest must beat',
    ),
    Question(
        'How heavy is the fish in the photograph? 3,000 were weighed.',
        dict(modalities=["image"], task="regression", n_labelled=3000),
        "deep_learning", "fine_tune_pretrained", 'EfficientNet or ResNet-50, fine-tuned',
        'R2: a number from an image is learned by the same pretrained networks, with one output',
    ),
    Question(
        'Write letters to patients, and explain every sentence of them.',
        dict(modalities=["text"], task="generation", domain="medical_diagnosis", explainability="required"),
        "deep_learning", "generative_pretrained", 'Pretrained language model, prompted, then adapted with LoRA',
        'R6 before R4: the two needs contradict each other, and the answer says which one is not met',
    ),
    Question(
        'Five gestures from an accelerometer, on a microcontroller: 4,000 labelled windows.',
        dict(modalities=["time_series"], task="time_series_classification", n_labelled=4000, n_classes=5, hardware="edge"),
        "hybrid", "hybrid_benchmark_both", 'MiniRocket with a ridge classifier',
        'the guide is silent on classes of series, and R5 puts what is cheap first because it runs on a small device',
    ),
]
# fmt: on
