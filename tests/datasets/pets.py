"""A small data set in the ARFF dialect."""

HEAD = """\
% Two pets,
%   seen twice.
@RELATION 'the pets'

@attribute weight NUMERIC
@attribute coat {short, long}
@attribute class hierarchical cat,dog,dog/terrier
@DATA
"""
TREE = HEAD + "4.5,long,cat\n% between\n\n?,?,cat@dog/terrier\n"
