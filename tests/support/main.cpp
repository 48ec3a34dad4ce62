#define DOCTEST_CONFIG_IMPLEMENT
#include "app/terminal.hpp"

#include <doctest/doctest.h>

int main(int argc, char **argv) {
    spar::host::terminal();  // messages, and signals that stop a run
    return doctest::Context(argc, argv).run();
}
