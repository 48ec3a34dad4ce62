// Names in a pipeline that become names of files; Checker::path has those that are.
#pragma once

#include <string>

namespace spar::host {

class Checker;

/// Reports a problem at `pointer` unless the name is plain and contains no secret.
void check_file_name(const std::string &name, const std::string &pointer, Checker &checker);

}  // namespace spar::host
