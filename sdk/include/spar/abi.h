/* Spar's binary contract, version 1.

   A plugin is a shared library that exports one function, spar_plugin_entry_v1, and links nothing
   of ours. It hands the host a list of components; the host hands it a table of services.
   Everything else follows from the pages below, in the order in which a newcomer would read them.

   Rules that hold everywhere

   - Pure C11 and C++20: fixed-width integers, float, double, pointers. Enumerations are int32_t
   with macros beside them.
   - Every struct begins with its own size and grows only at its end. Whoever reads a struct copies
     min(its size, the size he knows) into a zeroed local. An unknown tail of an *input* must be
   zero, otherwise the answer is SPAR_E_UNSUPPORTED: the caller asked for what we do not know.
   - A slot marked [optional] may be null for ever; a missing one is never an error by itself.
   - Functions return a spar_status and fill the caller's spar_error when it is not SPAR_OK. No
     exception, no C++ type and no ownership of memory crosses the boundary.
   - Text is UTF-8, ended by a zero byte, and borrowed: valid during the call unless its comment
   says [static] (until the process ends).
   - Tensors are borrowed DLPack views on the CPU, C-contiguous, with strides set and byte_offset 0.
     The innermost calls, made for a few rows at a time, take plain pointers; their comment gives
   the shape. float32 throughout; labels, tokens and indices are int64.

   Threads

   [main]         only from the thread that runs the pipeline
   [exclusive]    from any thread, but never two calls at once on one instance (the default of every
                  function of a component); different instances may run at the same time
   [thread-safe]  from any thread at any time, also on one instance

   Libraries are never unloaded. */
#ifndef SPAR_ABI_H
#define SPAR_ABI_H

#include "abi/attack.h"
#include "abi/base.h"
#include "abi/dataset.h"
#include "abi/host.h"
#include "abi/loss.h"
#include "abi/method.h"
#include "abi/model.h"
#include "abi/optimizer.h"
#include "abi/plugin.h"
#include "abi/reporter.h"
#include "abi/transform.h"
#include "abi/visibility.h"

#endif
