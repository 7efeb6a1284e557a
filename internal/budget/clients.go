package budget

// What clients can make supervisord hold.
var clients = []*Budget{Bodies}

// Bodies counts the bytes of the bodies of requests that are being received.
var Bodies = &Budget{Name: "bodies of requests that are being received", Limit: 64 << 20, Unit: "bytes", Scope: "in all", Beyond: "503"}
