// What is said on standard error while work goes on.
#pragma once

#include "base/console.hpp"

#include <spar/abi.h>

#include <string>

namespace spar::host {

Console &standard_error();

/// A message, wrapped where standard error is a terminal and one line elsewhere; without secrets,
/// and what could steer a terminal shown. Less than a warning is told only where set_verbose() asks
/// for it, and with set_quiet() errors alone are.
void tell(spar_severity severity, const std::string &text);

void set_quiet(bool quiet);
void set_verbose(bool verbose);

}  // namespace spar::host
