package child

// self is the path of our own executable. It names the running file also after an upgrade has replaced it.
var self = "/proc/self/exe"
