package config

// nearest returns the candidate with the smallest edit distance, the first of several; empty if none is close.
func nearest(name string, candidates []string) string {
	best, found := len(name)/3+2, ""
	for _, candidate := range candidates {
		if d := distance(name, candidate); d < best {
			best, found = d, candidate
		}
	}
	return found
}

// distance returns the number of bytes to insert, delete or replace to get from b to a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
