"""How pictures became records, as `source["pictures"]` of their Dataset and the record of a run say."""

OBJECT = "object"  # a bright object, cut out and centred on black, as Fashion-MNIST's
WHOLE = "whole"  # all that a picture shows
