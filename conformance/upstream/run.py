"""Runs the original's end-to-end tests: run.py INTERPRETER [TEST]. The tests start programs with sys.executable, which becomes
INTERPRETER. Without TEST it prints the names of all tests."""
import os
import sys
import unittest

os.environ['END_TO_END'] = '1'
from supervisor.tests import test_end_to_end

names = unittest.TestLoader().getTestCaseNames(test_end_to_end.EndToEndTests)
sys.executable = sys.argv[1]
if len(sys.argv) == 2:
    print('\n'.join(names))
else:
    unittest.main(test_end_to_end, argv=[sys.argv[0], 'EndToEndTests.' + sys.argv[2]])
