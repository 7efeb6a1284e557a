package budget

// What children can make supervisord hold.
var children = []*Budget{}
