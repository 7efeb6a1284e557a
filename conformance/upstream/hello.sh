# The fixture of test_issue_565, which Debian's package leaves out.
for n in 1 2 3 4 5 6 7 8 9 10; do
	echo "The Øresund bridge ends in Malmö - $n"
	sleep 1
done
