package child

// selfLink leads to the running file.
const selfLink = "/proc/self/exe"
