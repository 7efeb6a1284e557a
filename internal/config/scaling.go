package config

import "slices"

// Scaling has numbers of processes that take the place of numprocs= while a configuration is read. The reading says in the other
// members what has become of it.
type Scaling struct {
	Numprocs map[string]Numprocs // by the name of the program
	Found    map[string]Scaled   // those of them that are in the files
}

// Numprocs is a number of processes.
type Numprocs struct {
	To   int
	File int // it counts only if this is numprocs= in the file; -1: in any case
}

// Scaled is what has become of a Numprocs.
type Scaled struct {
	File       int      // numprocs= in the file
	Outdated   bool     // the file has another number than before, which counts
	Unnumbered bool     // the names of the processes have no numbers, so there cannot be several: the file's number counts
	Groups     []string // the names of the groups of the program
}

// NoNumber is why a program cannot have several processes.
const NoNumber = "%(process_num) must be present within process_name when numprocs > 1"

// apply changes the number of processes of a section of which all common keys have been read. A nil Scaling changes none.
func (s *Scaling) apply(k *sectionReader) {
	if s == nil || k.err != nil || kindOf(k.s.Name)&(InProgram|InFastCGI) == 0 {
		return
	}
	n, ok := s.Numprocs[k.program]
	if !ok {
		return
	}
	found := s.Found[k.program]
	found.File, found.Groups = k.numprocs, append(found.Groups, k.group)
	switch {
	case n.File >= 0 && n.File != k.numprocs:
		found.Outdated = true
	case n.To > 1 && !hasNumber().MatchString(k.rawName.Text):
		found.Unnumbered = true
	default:
		k.numprocs = n.To
	}
	if s.Found == nil {
		s.Found = map[string]Scaled{}
	}
	s.Found[k.program] = found
}

// Problem is why a program cannot have the number of processes that it was to have, empty if it has.
func (s Scaled) Problem() string {
	if s.Unnumbered {
		return NoNumber
	}
	return ""
}

// outdated returns the names of the programs whose numbers are outdated.
func (s *Scaling) outdated() (names []string) {
	if s == nil {
		return nil
	}
	for name, found := range s.Found {
		if found.Outdated {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
