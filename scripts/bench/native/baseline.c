// The baseline of the bench: a supervisor that makes only the system calls that every supervisor must make.
//
//   baseline N LOGDIR COMMAND [ARG...]
//
// It starts COMMAND N times, each with its own process group, a pipe to stdin, a pipe from stdout and
// stderr, and a log that it fills from that pipe. At SIGTERM it ends the children, reaps them and exits; at SIGUSR1 it ends
// and reaps them and starts as many again.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int poller;
static sigset_t term;

static int need(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static void watch(int from, int to)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)from << 32 | (uint32_t)to};
	need(epoll_ctl(poller, EPOLL_CTL_ADD, from, &event), "epoll_ctl");
}

static pid_t start(const char *dir, int i, char **command)
{
	int in[2], out[2];
	char path[4096];
	snprintf(path, sizeof path, "%s/p-%d.log", dir, i);
	need(pipe2(in, O_CLOEXEC), "pipe2");
	need(pipe2(out, O_CLOEXEC), "pipe2");
	int log = need(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), path);
	pid_t pid = need(vfork(), "vfork");
	if (pid == 0) {
		setpgid(0, 0);
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		sigprocmask(SIG_UNBLOCK, &term, NULL);
		execv(command[0], command);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	watch(out[0], log);
	return pid;
}

static void pump(int from, int to)
{
	static char buffer[64 * 1024];
	ssize_t n = read(from, buffer, sizeof buffer);
	if (n <= 0) {
		close(from);
		return;
	}
	for (ssize_t done = 0; done < n;)
		done += need(write(to, buffer + done, n - done), "write");
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct epoll_event events[64];
	if (argc < 4)
		return 2;
	int count = atoi(argv[1]);
	pid_t *pids = calloc(count, sizeof *pids);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	poller = need(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigaddset(&term, SIGUSR1);
	sigprocmask(SIG_BLOCK, &term, NULL);
	int stop = need(signalfd(-1, &term, SFD_CLOEXEC), "signalfd");
	watch(stop, -1);
	for (int i = 0; i < count; i++)
		pids[i] = start(argv[2], i, argv + 3);
	for (;;) {
		int n = epoll_wait(poller, events, 64, -1);
		for (int i = 0; i < n; i++) {
			int from = events[i].data.u64 >> 32;
			if (from != stop) {
				pump(from, (int)(uint32_t)events[i].data.u64);
				continue;
			}
			for (int c = 0; c < count; c++)
				kill(pids[c], SIGTERM);
			while (wait(NULL) > 0 || errno == EINTR)
				;
			struct signalfd_siginfo info;
			need(read(stop, &info, sizeof info), "read");
			if (info.ssi_signo == SIGTERM)
				return 0;
			for (int c = 0; c < count; c++)
				pids[c] = start(argv[2], c, argv + 3);
		}
	}
}
