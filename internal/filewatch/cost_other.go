//go:build !linux

package filewatch

// perDirectory is how much of the budget a directory takes: kqueue needs a descriptor for each file in it.
const perDirectory = 64
