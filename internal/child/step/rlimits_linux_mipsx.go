//go:build linux && (mips || mipsle || mips64 || mips64le)

package step

// The numbers of resources that not all systems have: getrlimit(2), arch/mips/include/uapi/asm/resource.h of the kernel.
const (
	rlimitAS         = 6
	rlimitMemlock    = 9
	rlimitMsgqueue   = 12
	rlimitNice       = 13
	rlimitNproc      = 8
	rlimitRSS        = 7
	rlimitRtprio     = 14
	rlimitRttime     = 15
	rlimitSigpending = 11
)
