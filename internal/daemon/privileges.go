package daemon

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/account"
)

// DropPrivileges switches this process to the user, with all groups of the account, for good. If it runs as that user
// already, nothing changes. The message is for the main log, at info; an error is a usage error. Source: user.
func DropPrivileges(a *account.Account) (message string, err error) {
	message = fmt.Sprintf("Set uid to user %d succeeded", a.UID)
	switch syscall.Getuid() {
	case a.UID:
		return message, nil
	case 0:
	default:
		return "", errors.New("Can't drop privilege as nonroot user")
	}
	if err := syscall.Setgroups(a.Groups); err != nil {
		return "", errors.New("Could not set groups of effective user")
	}
	if err := syscall.Setgid(a.GID); err != nil {
		return "", errors.New("Could not set group id of effective user")
	}
	if err := syscall.Setuid(a.UID); err != nil {
		return "", fmt.Errorf("Could not set user id of effective user: %w", err)
	}
	return message, nil
}
