// What spar_test_headers needs to have a source.
