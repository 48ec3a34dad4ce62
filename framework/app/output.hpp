// Standard output and standard error of the command.
#pragma once

#include <string>
#include <string_view>

namespace spar::host {

/// Makes sure that the three standard streams exist, so that no file opened later takes their
/// place, and that neither a vanished reader nor a file beyond the system's limit ends the process
/// by a signal.
void keep_standard_streams();

/// Writes the command's own output to standard output, with control characters made visible. Never
/// fails; exit_code() accounts for errors.
void print(std::string_view text);

/// The same for text that is also available elsewhere: failing to write it is no failure, and it is
/// dropped if the reader takes nothing for a few seconds.
void mention(std::string_view text);

/// Writes a line to standard error, "spar: " before it. Never fails.
void complain(std::string_view text);

/// From now on this file's name stays on one line wherever it appears in messages: its line ends
/// and tabs are made visible.
void keep_on_one_line(std::string_view name);

/// A message as a terminal may get it: without secrets, names on one line, control characters made
/// visible.
std::string sayable(std::string_view text);

/// The exit code of the process: the command's own, or Exit::storage if that is 0 and print() could
/// not write. A reader that went away is no failure.
int exit_code(int code);

/// The width of standard output in characters if it is a terminal, otherwise 0.
int terminal_width();

}  // namespace spar::host
