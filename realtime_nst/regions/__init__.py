"""Where people are in a frame: the masks along which styles can be put on them or behind them."""
