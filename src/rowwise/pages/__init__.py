"""Templates and values → HTML and SVG, escaped: what every page shares. It knows of no ledger and no report."""
