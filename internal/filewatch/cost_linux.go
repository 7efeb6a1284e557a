package filewatch

// perDirectory is how much of the budget a directory takes.
const perDirectory = 1
