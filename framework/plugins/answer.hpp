// Checks the whole answer of a plugin's entry before any of it is used.
#pragma once

#include <spar/abi.h>

namespace spar::host {

/// Throws PluginFault naming the first thing that breaks the contract: sizes of structs, a required
/// minor above the host's, null pointers, names, invalid UTF-8, kinds, tables with missing
/// functions, two components of one name.
void check_answer(const spar_plugin *plugin, uint32_t host_minor);

}  // namespace spar::host
