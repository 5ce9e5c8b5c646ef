"""How pictures became records, as `source["pictures"]` of their Dataset and the record of a run say."""

OBJECT = "object"  # a bright object, cut out and centred on black, as Fashion-MNIST's
WHOLE = "whole"  # all that a picture shows, in the middle of black
BORDER = "border"  # the same, in the middle of the colour that its border has
CROP = "crop"  # its middle, as large as the record's proportions allow
FITS = {"border": BORDER, "black": WHOLE, "crop": CROP}  # as a source's `fit` calls them
