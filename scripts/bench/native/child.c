// The supervised program of the bench. It reports its start and, on request, writes a log.
//
//   child FIFO          report, then wait for a signal
//   child FIFO BYTES [PIECE [paced]]
//                       report; at SIGUSR1 report, write BYTES to stdout, PIECE at a time (65536), report again, wait;
//                       paced: no piece before the one before was read
//   child FIFO ready      send READY=1 to NOTIFY_SOCKET, report, wait
//   child FIFO flood      the same, but send notifications without end
//   child FIFO paced      report, then write 1 MB/s to stdout without end
//
// A report is one line, "PID NANOSECONDS" of the monotonic clock, in one write.
//
// It makes only system calls. Compiled with -DBARE -nostdlib it has no C library to initialize, which in a virtual machine takes
// longer than the supervisor needs to start it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { block = 64 * 1024, line = 128, signal_set = 8 }; // signal_set: bytes of the kernel's

#if defined BARE && defined __x86_64__
__asm__(".globl _start\n_start: xor %ebp,%ebp\n mov %rsp,%rdi\n call run\n hlt\n");

static long call(long number, long a, long b, long c, long d)
{
	long result;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
		: "rcx", "r11", "memory");
	return result;
}
#elif defined BARE && defined __aarch64__
__asm__(".globl _start\n_start: mov x0, sp\n bl run\n");

static long call(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#elif defined BARE
#error no bare child for this processor
#else
#define call(number, a, b, c, d) syscall(number, a, b, c, d)
#endif

static void leave(int status)
{
	call(SYS_exit_group, status, 0, 0, 0);
}

// digits writes n and a last byte so that they end before end, and returns where they begin.
static char *digits(char *end, long n, char last)
{
	*--end = last;
	do
		*--end = '0' + n % 10;
	while (n /= 10);
	return end;
}

static void report(long fifo)
{
	struct timespec now;
	char text[64], *end = text + sizeof text;
	call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0);
	char *begin = digits(end, now.tv_sec * 1000000000L + now.tv_nsec, '\n');
	begin = digits(begin, call(SYS_getpid, 0, 0, 0, 0), ' ');
	if (call(SYS_write, fifo, (long)begin, end - begin, 0) != end - begin)
		leave(3);
}

static void fill(long bytes, long piece, int paced)
{
	static char text[block];
	for (int i = 0; i < block; i++)
		text[i] = i % line == line - 1 ? '\n' : 'x';
	while (bytes > 0) {
		long n = call(SYS_write, 1, (long)text, bytes < piece ? bytes : piece, 0);
		if (n < 0)
			leave(4);
		bytes -= n;
		for (int left = paced; left > 0;) {
			call(SYS_sched_yield, 0, 0, 0, 0);
			if (call(SYS_ioctl, 1, FIONREAD, (long)&left, 0) < 0)
				leave(4);
		}
	}
}

// connected returns a socket whose other end has the abstract name in the variable NOTIFY_SOCKET.
static long connected(char **environment)
{
	static const char variable[] = "NOTIFY_SOCKET=@";
	static struct sockaddr_un to = {.sun_family = AF_UNIX}; // the name begins with a null byte
	for (; *environment; environment++) {
		const char *text = *environment, *name = variable;
		while (*name && *text == *name)
			text++, name++;
		if (*name)
			continue;
		unsigned long n = 1;
		for (; *text && n < sizeof to.sun_path; text++)
			to.sun_path[n++] = *text;
		long fd = call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0);
		if (fd < 0 || call(SYS_connect, fd, (long)&to, sizeof to - sizeof to.sun_path + n, 0) < 0)
			leave(5);
		return fd;
	}
	leave(5);
	return -1;
}

static void notify(long socket, const char *text, long length)
{
	if (call(SYS_write, socket, (long)text, length, 0) != length)
		leave(6);
}

static long number(const char *text)
{
	long n = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		n = 10 * n + (*text - '0');
	return n;
}

static void work(long argc, char **argv)
{
	unsigned long go = 1UL << (SIGUSR1 - 1), none = 0;
	if (argc < 2)
		leave(2);
	long fifo = call(SYS_openat, AT_FDCWD, (long)argv[1], O_WRONLY | O_CLOEXEC, 0), socket = -1;
	if (fifo < 0)
		leave(2);
	int writes = argc > 2 && *argv[2] <= '9', paced = argc > 2 && *argv[2] == 'p', notifies = argc > 2 && !writes && !paced;
	if (writes) // blocked before the report, so that no signal comes too early
		call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&go, 0, signal_set);
	if (notifies) {
		socket = connected(argv + argc + 1); // the environment follows the arguments
		notify(socket, "READY=1", 7);
	}
	report(fifo);
	if (writes) {
		call(SYS_rt_sigtimedwait, (long)&go, 0, 0, signal_set);
		report(fifo);
		fill(number(argv[2]), argc > 3 ? number(argv[3]) : block, argc > 4);
		report(fifo);
	}
	static const struct timespec pause = {.tv_nsec = 16384000};
	while (paced) {
		fill(16384, 16384, 0);
		call(SYS_nanosleep, (long)&pause, 0, 0, 0);
	}
	while (notifies && *argv[2] == 'f')
		notify(socket, "STATUS=busy", 11);
	call(SYS_close, fifo, 0, 0, 0);
	for (;;)
		call(SYS_rt_sigsuspend, (long)&none, signal_set, 0, 0);
}

#ifdef BARE
// run is the entry point: argc and argv are on the stack.
__attribute__((used)) void run(long *stack)
{
	work(stack[0], (char **)(stack + 1));
}
#else
int main(int argc, char **argv)
{
	work(argc, argv);
}
#endif
