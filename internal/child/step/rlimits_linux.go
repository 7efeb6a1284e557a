//go:build linux && !(mips || mipsle || mips64 || mips64le)

package step

// The numbers of resources that not all systems have: getrlimit(2), asm-generic/resource.h of the kernel.
const (
	rlimitAS         = 9
	rlimitMemlock    = 8
	rlimitMsgqueue   = 12
	rlimitNice       = 13
	rlimitNproc      = 6
	rlimitRSS        = 5
	rlimitRtprio     = 14
	rlimitRttime     = 15
	rlimitSigpending = 11
)
