// The fixtures that write_fixtures.py made, and what a broken one is refused with.
#pragma once

#include "plugin_loader.hpp"

#include "base/failure.hpp"
#include "weights/tensor_file.hpp"

namespace spar::test {

inline std::string fixture(const std::string &name) {
    return SPAR_SOURCE_DIR "/tests/framework/weights/fixtures/" + name;
}

/// What opening a file, and reading all of it, is refused with; empty if it is not. Anything but a
/// Failure(Exit::data) fails the test.
inline std::string refusal_of(const std::string &path, const std::string &key = "") {
    try {
        const auto file = host::open_tensors(path, key);
        for (const auto &[name, tensor] : file->tensors()) {
            const std::size_t size = file->bytes(name).size();  // CHECK would catch its refusal
            CHECK(size < 1U << 28);
            file->read(name);
        }
        return {};
    } catch (const host::Failure &failure) {
        CHECK(failure.exit() == host::Exit::data);
        return failure.what();
    }
}

inline void check_says(const std::string &text, const std::vector<std::string> &parts) {
    INFO(text);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

}  // namespace spar::test
