"""What ``hmlc --help`` and its commands' ``--help`` tell, options aside."""

DESCRIPTION = """\
Predict labels that lie in a hierarchy, and find the rare ones. See it work with

  hmlc demo

and use it on your own data with `fit`, `info`, `predict` and `evaluate`; each has a
--help."""

DEMO = """\
Compare a plain coherent network with the rare-node ensemble: train both, print what
they find on test rows, and draw recall against rarity. About a minute."""

DEMO_EXAMPLES = """\
examples:
  hmlc demo
  hmlc demo --quick --out demo
  hmlc demo --dataset cellcycle_FUN

Data sets are downloaded once; set the environment variable SKLEARN_HMLC_DATA to a
folder that has them to work without a network."""

_TRUST = "To read a model file runs no code of its own; a joblib file needs --trust."

_FILES = """\
files:
  ARFF (.arff, .arff.gz, .arff.xz) in the hierarchical dialect: the file has labels and
  hierarchy. The others are tables, comma-separated (.csv) or tab-separated (.tsv),
  compressed or not, in UTF-8 or with the mark of UTF-16, with a header:
  DATA              one row per sample, one column per feature, numbers (-1.5e3) or
                    text; missing values empty, NA or ?. With --index the first column
                    is the row's id.
  --labels          one column per node, 0 or 1; with --index the first column is the
                    id, else the rows are in DATA's order. Or, with --index, two columns
                    id,node (or labels, terms): a line for each label of a row, or
                    several in a line with ; between them.
                    Labels need only name the most specific nodes: ancestors are
                    added."""

FIT_EXAMPLES = f"""\
{_FILES}
  --hierarchy       two columns named parent,child: one line per edge. A node without
                    parents needs a line only if it has no children either; leave its
                    parent empty. Or the word codes, if nodes are named by their paths,
                    such as 01/01/03.

examples:
  hmlc fit train.arff valid.arff --model yeast.hmlc
  hmlc fit train.arff --valid valid.arff --model yeast.hmlc
  hmlc fit genes.csv --index --labels annotations.csv --hierarchy go.csv \\
      --model go.hmlc --heads 5 --hidden 1000 1000
  hmlc fit --ontology go.obo --annotations human.gaf.gz --features domains.tsv \\
      --namespace molecular_function --min-count 10 --test-fraction 0.2 \\
      --test-predictions test.tsv --format cafa --top 500 --model mf.hmlc

With --ontology, --annotations and --features rows go together by their ids; features
of lists, such as protein domains, stay sparse. Rows that are held out choose nothing:
--min-count counts rows to train on. With --test-fraction the model that is kept has
never seen them; with --folds it is trained on all rows in the end.

Missing numbers are replaced by the mean, text is one-hot encoded, all is standardised;
the model file keeps these steps with the network. `sklearn_hmlc.io.load_model` reads it
in Python: the fitted scikit-learn pipeline or, with --threshold prevalence or f1, the
NodeThresholdClassifier around it. To read it runs no code."""

PREDICT_EXAMPLES = f"""\
examples:
  hmlc predict yeast.hmlc test.arff --out predictions.csv
  hmlc predict go.hmlc genes.csv --index --format long --min-proba 0.2 \\
      --out predictions.csv.gz
  hmlc predict go.hmlc genes.csv --index --decisions --format long \\
      --out found.csv
  hmlc predict mf.hmlc --features new.tsv --top 20 --out functions.csv
  hmlc predict mf.hmlc --features new.tsv --format cafa --top 500 --out -

Decisions are by the thresholds that `hmlc fit --threshold` chose. A parent's
probability is never below its child's. Unscored nodes, such as virtual roots, are left
out. Rows without ids are numbered from 0.
{_TRUST}"""

INFO_EXAMPLES = f"""\
examples:
  hmlc info go.hmlc

{_TRUST}"""

EVALUATE_EXAMPLES = f"""\
{_FILES}

examples:
  hmlc evaluate yeast.hmlc test.arff --out report
  hmlc evaluate go.hmlc genes.csv --index --labels annotations.csv
  hmlc evaluate mf.hmlc --ontology go.obo --truth human.gaf.gz \\
      --namespace molecular_function --predicted-only --predictions test.tsv

The model brings its hierarchy and its threshold. Beside --predictions it tells how
frequent terms are in training, for a naive method, and which rows it has seen; as many
files as you like are compared on the same rows. Scores are made coherent, and measured
at the thresholds 0.01 to 0.99, as CAFA's evaluator does.
{_TRUST}"""
