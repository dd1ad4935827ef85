"""One pass over a dataset, kept on disk: what a model answers and where its gates look, per picture and per class."""
