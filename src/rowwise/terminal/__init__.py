"""What every command shares with a terminal: arguments and their help, streams."""
