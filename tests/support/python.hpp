// Python as a second opinion, where it is installed.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace spar::test {

/// A Python that has this module, $SPAR_PYTHON before others; nothing, and says so, where there is
/// none.
inline std::optional<std::string> python_with(const std::string &module) {
    const char *const given = std::getenv("SPAR_PYTHON");
    for (const std::string python :
         {given != nullptr ? given : "python3", "python3", "/usr/bin/python3"})
        if (std::system((python + " -c 'import " + module + "' >/dev/null 2>&1").c_str()) == 0)
            return python;
    MESSAGE("SKIPPED: there is no Python with ", module);
    return std::nullopt;
}

}  // namespace spar::test
