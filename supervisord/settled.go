package main

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/daemon"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// auditTimeout is how long memory is not released because a file system does not answer.
const auditTimeout = 10 * time.Second

// settled does, when all programs have been started, what they should not wait for: it logs warnings about files that other users
// can change, and returns the memory that the start needed, a second time when the programs have become RUNNING. Ended closes at the
// end of the run.
func (d *supervisord) settled(cfg *config.Config, log *logs.Main, memory *daemon.Releaser, ended <-chan struct{}) {
	warnings := make(chan []string, 1)
	go func() { warnings <- d.exposed(cfg) }()
	select {
	case <-ended:
		return
	case <-time.After(auditTimeout):
	case list := <-warnings:
		for _, text := range list {
			log.Warnf("%s", text)
		}
	}
	memory.Release() // the next call may come before the daemon is quiet, and find a heap that is full
	memory.Used()
}
