// The warnings of a dataset while it is opened.
#pragma once

#include "open.hpp"

#include "base/warnings.hpp"

#include <algorithm>

namespace spar::test {

/// What opening a dataset warns of.
inline std::vector<host::Warning> warnings_of(const std::string &json) {
    host::warnings().clear();
    const Opened opened(json);
    std::vector<host::Warning> all = host::warnings().all();
    host::warnings().clear();
    return all;
}

/// Their codes.
inline std::vector<std::string> advice(const std::string &json) {
    std::vector<std::string> codes;
    for (const host::Warning &warning : warnings_of(json)) codes.push_back(warning.code);
    return codes;
}

using Codes = std::vector<std::string>;

}  // namespace spar::test
