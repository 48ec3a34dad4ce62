/* Which names a plugin shows to others: its entry, and nothing else. */
#ifndef SPAR_ABI_VISIBILITY_H
#define SPAR_ABI_VISIBILITY_H

#include <stdint.h>

/* On a function: exported whatever -fvisibility says. */
#define SPAR_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
/* On a namespace: kept inside the library whatever -fvisibility says. Static variables of inline
   functions would otherwise be one for all plugins of a process. */
#define SPAR_HIDDEN [[gnu::visibility("hidden")]]
#endif

#endif
