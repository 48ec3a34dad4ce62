// Standard output and standard error of the command.
#pragma once

#include <string>
#include <string_view>

namespace spar::host {

/// Sees to it that the three standard streams exist, so that no file that is opened later takes
/// their place, and that neither a reader who went away nor a file beyond the system's limit ends
/// the process by a signal.
void keep_standard_streams();

/// Writes to standard output what the command was called for, control characters shown. Never
/// fails; exit_code() knows of it.
void print(std::string_view text);

/// The same for what stands elsewhere too: that it cannot be written is no failure, and a reader
/// who takes nothing for a few seconds goes without.
void mention(std::string_view text);

/// Writes a line to standard error, "spar: " before it. Never fails.
void complain(std::string_view text);

/// From now on the name of a file, wherever it stands in what is said to people, stays on one line:
/// its line ends and tabs are shown. Others are no line of their own in a message.
void keep_on_one_line(std::string_view name);

/// What is said to people as a terminal may get it: without secrets, names on one line, control
/// characters shown.
std::string sayable(std::string_view text);

/// How the process ends: with the command's own code, but where that is 0 and print() could not
/// write, with Exit::storage. A reader who went away wanted no more, which is no failure.
int exit_code(int code);

/// Where standard output is a terminal, its width in characters, else 0.
int terminal_width();

}  // namespace spar::host
