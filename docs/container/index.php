<?php
echo "Served by process ", getmypid(), ", child of ", posix_getppid(), ".\n";
