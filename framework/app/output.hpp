// Standard output and standard error of the command.
#pragma once

#include <string_view>

namespace spar::host {

/// Sees to it that the three standard streams exist, so that no file that is opened later takes
/// their place, and that a reader who went away does not end the process.
void keep_standard_streams();

/// Writes to standard output. Throws Failure where it cannot be written; a reader who went away
/// ends the process quietly, as he wanted no more.
void print(std::string_view text);

/// Writes a line to standard error, "spar: " before it. Never fails.
void complain(std::string_view text);

/// Where standard output is a terminal, its width in characters, else 0.
int terminal_width();

}  // namespace spar::host
