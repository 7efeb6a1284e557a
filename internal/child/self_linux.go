package child

// self is our own executable, also after its file was replaced by a newer one.
var self = "/proc/self/exe"
