"""The commands of `rowwise`, a file each: options → the capability called, its result printed."""
