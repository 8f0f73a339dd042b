"""One client for each kind of forge, behind one interface."""
