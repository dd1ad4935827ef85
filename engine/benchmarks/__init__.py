"""How quick and how accurate the parts are, measured on work of known outcome."""
