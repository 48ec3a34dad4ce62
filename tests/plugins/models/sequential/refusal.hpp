// A network that must be refused, with the place and the words.
#pragma once

#include "fixture.hpp"

#include <doctest/doctest.h>

namespace fixture {

inline void refuse(const LayerList &layers, const Shape &input, const std::string &pointer,
                   const std::string &message) {
    try {
        network(layers, input, 1);
        FAIL("was accepted");
    } catch (const spar::Error &error) {
        CHECK(error.pointer() == pointer);
        CHECK_MESSAGE(std::string(error.what()).find(message) != std::string::npos, error.what());
    }
}

}  // namespace fixture
