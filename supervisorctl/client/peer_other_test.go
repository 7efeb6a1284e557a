//go:build !linux

package client

import "errors"

func becomeOnThread(int) error { return errors.New("threads have no user of their own") }
