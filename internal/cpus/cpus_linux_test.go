package cpus

import (
	"fmt"
	"math"
	"testing"
	"testing/fstest"
)

const (
	mounted2    = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
	mounted1    = "33 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct\n34 32 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	inContainer = "33 32 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
)

// TestQuota reads limits of both versions of control groups.
func TestQuota(t *testing.T) {
	for name, test := range map[string]struct {
		groups, mounts string
		files          map[string]string
		want           float64
	}{
		"no control groups":            {"", "", nil, 0},
		"no limit":                     {"0::/a\n", mounted2, map[string]string{"sys/fs/cgroup/a/cpu.max": "max 100000\n"}, 0},
		"a limit":                      {"0::/a\n", mounted2, map[string]string{"sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5},
		"of the group above":           {"0::/a/b\n", mounted2, map[string]string{"sys/fs/cgroup/a/b/cpu.max": "300000 100000\n", "sys/fs/cgroup/a/cpu.max": "50000 100000\n"}, 0.5},
		"of the root, in a name space": {"0::/\n", mounted2, map[string]string{"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2},
		"version 1":                    {"4:cpu,cpuacct:/a\n3:memory:/m\n", mounted1, map[string]string{"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}, 2.5},
		"version 1, none":              {"4:cpu,cpuacct:/a\n", mounted1, map[string]string{"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}, 0},
		"version 1, of a container":    {"4:cpu:/docker/abc\n", inContainer, map[string]string{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n"}, 2},
		"another group is mounted":     {"4:cpu:/docker/abcd\n", inContainer, map[string]string{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n"}, 2},
		"both versions":                {"4:cpu,cpuacct:/a\n0::/b\n", mounted1 + mounted2, map[string]string{"sys/fs/cgroup/b/cpu.max": "400000 100000\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "300000\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}, 3},
		"not a number":                 {"0::/a\n", mounted2, map[string]string{"sys/fs/cgroup/a/cpu.max": "x y\n"}, 0},
		"without a period":             {"0::/a\n", mounted2, map[string]string{"sys/fs/cgroup/a/cpu.max": "100000 0\n"}, 0},
		"incomplete lines":             {"0:\nx\n", "x - y\n1 2 3 4 5 - cgroup2\n", nil, 0},
	} {
		root := fstest.MapFS{"proc/self/cgroup": {Data: []byte(test.groups)}, "proc/self/mountinfo": {Data: []byte(test.mounts)}}
		for path, text := range test.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := quota(root); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if got := quota(fstest.MapFS{}); got != 0 {
		t.Errorf("without /proc: %v", got)
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		allowed int
		quota   float64
		want    int
	}{{8, 0, 8}, {8, 1.5, 2}, {8, 2, 2}, {2, 3.5, 2}, {8, 0.1, 1}, {0, 0, 1}, {4, math.Inf(1), 4}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			if got := count(test.allowed, test.quota); got != test.want {
				t.Errorf("%d", got)
			}
		})
	}
	if got := Count(); got < 1 {
		t.Errorf("this process may use %d processors", got)
	}
}
