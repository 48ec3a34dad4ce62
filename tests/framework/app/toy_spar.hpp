// The command over the toy plugins.
#pragma once

#include "../toys.hpp"

#include "process.hpp"

namespace spar::test {

inline const std::string good = std::string(TOYS) + "/good";

/// The command over the toys alone.
inline Ended toy_spar(std::vector<std::string> words) {
    words.insert(words.begin() + 1, {"--plugin-dir", good});
    return spar::test::spar(std::move(words), {{"SPAR_PLUGIN_PATH", ""}});
}

/// A shell line with the command as $SPAR.
inline Ended shell(const std::string &line) {
    return run_program({"bash", "-c", line}, {{"SPAR", SPAR_BINARY}, {"SPAR_PLUGIN_PATH", good}});
}

}  // namespace spar::test
