package cgroup

import "golang.org/x/sys/unix"

// IsCgroup reports whether path is in the file system of cgroups of version 2.
func (kernel) IsCgroup(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC
}

// Delegated reports whether systemd has marked the cgroup.
func (kernel) Delegated(path string) bool {
	for _, name := range []string{"user.delegate", "trusted.delegate"} {
		value := make([]byte, 8)
		if n, err := unix.Getxattr(path, name, value); err == nil && string(value[:n]) == "1" {
			return true
		}
	}
	return false
}
