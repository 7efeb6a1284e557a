package operations

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Config returns the configuration that counts, without secrets: of what a name means (config.Names), of the section of that name, or
// with an empty name all. It reads the files again, to find the places of values. Of groups that differ in the files it has the values
// that clients see, and says so in place of a place; groups that are not active are left out.
func (s *Service) Config(name string) (list []api.ConfigSection, err error) {
	if err := s.CheckRunning(); err != nil {
		return nil, err
	}
	read, sections, err := s.sup.ShowConfig()
	if err != nil {
		return nil, api.NewFault(api.CantReread, config.Explain(err))
	}
	err = s.Read(func(v supervisor.View) error {
		for i := range sections {
			if sections[i].Name == "supervisord" {
				if changed := config.ChangedSettings(&v.Started().Supervisord, &read.Supervisord); len(changed) > 0 {
					sections[i].From += ", from the next start: " + strings.Join(changed, ", ")
				}
			}
		}
		if list = configOf(v, name, read, sections); list == nil {
			return BadName(name)
		}
		return nil
	})
	return list, err
}

// configOf returns the sections, those of active groups with what runs. It is called in the loop.
func configOf(v supervisor.View, name string, read *config.Config, sections []api.ConfigSection) (list []api.ConfigSection) {
	running := map[string]*api.ConfigSection{} // the sections of active groups; nil: as in the files
	for _, g := range v.Configs() {
		i := slices.IndexFunc(read.Groups, func(r *config.Group) bool { return r.Name == g.Name })
		same := i >= 0 && read.Groups[i].Equal(g)
		for _, section := range g.Sections() {
			if running[section] = nil; !same {
				running[section] = g.Running(section)
			}
		}
	}
	wanted := wantedSections(v, name)
	for _, s := range sections {
		now, active := running[s.Name]
		delete(running, s.Name)
		switch {
		case !active && config.IsOfGroup(s.Name), !wanted(s.Name):
		case now != nil:
			list = append(list, *now)
		default:
			list = append(list, s)
		}
	}
	for section, now := range running { // in no file any more
		if now != nil && wanted(section) {
			list = append(list, *now)
		}
	}
	return list
}

// wantedSections returns a function that says which sections a name means.
func wantedSections(v supervisor.View, name string) func(section string) bool {
	if name == "" {
		return func(string) bool { return true }
	}
	wanted := map[string]bool{}
	found, _ := config.NewNames(v.Configs()).Find(name)
	for _, n := range found {
		wanted[n.Process.Section] = true
	}
	group, _, whole := api.SplitNamespec(name)
	if g := v.Group(group); g != nil && (whole || !strings.Contains(name, ":")) {
		for _, section := range g.Config.Sections() {
			wanted[section] = true
		}
	}
	if len(wanted) == 0 {
		wanted[name] = true
	}
	return func(section string) bool { return wanted[section] }
}
