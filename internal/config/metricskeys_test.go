package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestResourcesWithoutEffect shows the warnings about metrics_resources where it changes nothing.
func TestResourcesWithoutEffect(t *testing.T) {
	for _, c := range []struct{ keys, system, want string }{
		{"", "plan9", ""},
		{"metrics_resources=tree\n", "linux", ""},
		{"metrics_resources=FALSE\n", "plan9", ""},
		{"metrics_resources=tree\n", "plan9", ":2: [supervisord] metrics_resources=tree has no effect on this system"},
		{"metrics_resources=tree\nmetrics=false\n", "linux", ":2: [supervisord] metrics_resources=tree: it has no effect with metrics=false"},
	} {
		file := write(t, t.TempDir(), "sd.conf", "[supervisord]\n"+c.keys)
		o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", file})
		if err != nil {
			t.Fatal(err)
		}
		r, err := newReader(o, testEnviron, thisHost)
		if err != nil {
			t.Fatal(err)
		}
		r.check = newCheck()
		read, err := r.read(o)
		if err != nil {
			t.Fatal(err)
		}
		d := &doubts{r: r, failed: map[keyName]bool{}, known: map[string]bool{}}
		d.metrics(&read.Supervisord, c.system)
		var got string
		for _, e := range d.list {
			got += (&Finding{e}).Error()
		}
		if c.want != "" {
			c.want = file + c.want
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q on %s (-want +got):\n%s", c.keys, c.system, diff)
		}
	}
}
