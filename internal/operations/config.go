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
// that run, and says so in place of a place; groups that are not active are left out.
func (s *Service) Config(name string) (list []api.ConfigSection, err error) {
	if err := s.CheckRunning(); err != nil {
		return nil, err
	}
	read, sections, err := s.sup.ShowConfig()
	switch {
	case err != nil && s.caller != nil:
		return nil, api.NewFault(api.CantReread, "the configuration has an error")
	case err != nil:
		return nil, api.NewFault(api.CantReread, config.Explain(err))
	}
	var active []*config.Group // they are immutable
	var started *config.Supervisord
	err = s.Read(func(v supervisor.View) error {
		active, started = v.Configs(), &v.Started().Supervisord
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range sections {
		if sections[i].Name == "supervisord" {
			if changed := config.ChangedSettings(started, &read.Supervisord); len(changed) > 0 {
				sections[i].From += ", from the next start: " + strings.Join(changed, ", ")
			}
		}
	}
	list = configOf(active, name, &config.Files{Config: read, Sections: sections, Common: started.Environment})
	if s.caller != nil {
		list = s.ownSections(active, list)
	}
	if len(list) == 0 && (name != "" || s.caller == nil) {
		return nil, BadName(name)
	}
	return list, nil
}

// configOf returns the sections, those of active groups with what runs.
func configOf(active []*config.Group, name string, files *config.Files) (list []api.ConfigSection) {
	running := map[string]*api.ConfigSection{} // the sections of active groups; nil: as in the files
	var order []string
	for _, g := range active {
		i := slices.IndexFunc(files.Config.Groups, func(r *config.Group) bool { return r.Name == g.Name })
		same := i >= 0 && files.Config.Groups[i].Equal(g)
		for _, section := range g.Sections() {
			now, known := running[section]
			if !known {
				order = append(order, section)
			}
			if now == nil && !same { // of several groups with the section, one that differs counts
				now = files.Running(g, section)
			}
			running[section] = now
		}
	}
	wanted := wantedSections(active, name)
	for _, s := range files.Sections {
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
	for _, section := range order { // in no file any more
		if now := running[section]; now != nil && wanted(section) {
			list = append(list, *now)
		}
	}
	return list
}

// wantedSections returns a function that says which sections a name means.
func wantedSections(active []*config.Group, name string) func(section string) bool {
	if name == "" {
		return func(string) bool { return true }
	}
	wanted := map[string]bool{}
	found, _ := config.NewNames(active).Find(name)
	for _, n := range found {
		wanted[n.Process.Section] = true
	}
	group, _, whole := api.SplitNamespec(name)
	for _, g := range active {
		if g.Name == group && (whole || !strings.Contains(name, ":")) {
			for _, section := range g.Sections() {
				wanted[section] = true
			}
		}
	}
	if len(wanted) == 0 {
		wanted[name] = true
	}
	return func(section string) bool { return wanted[section] }
}
