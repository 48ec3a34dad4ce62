/* Spar's binary contract, version 1.

   A plugin is a shared library that exports one function, spar_plugin_entry_v1, and links against
   nothing of ours. It hands the host a list of components; the host hands it a table of services.
   abi/plugin.h and abi/host.h define the two; each kind of component has a page of its own.

   Rules that hold everywhere

   - Pure C11 and C++20: fixed-width integers, float, double, pointers. Enumerations are int32_t
     with macros beside them.
   - Every struct begins with its own size and grows only at its end. The reader of a struct copies
     min(its size, the size the reader knows) into a zeroed local. An unknown tail of an *input*
     must be zero; otherwise the answer is SPAR_E_UNSUPPORTED: the caller asked for something that
     the callee does not know.
   - A slot marked [optional] may always be null; a missing one is not an error.
   - Functions return a spar_status and fill the caller's spar_error when it is not SPAR_OK. No
     exception, no C++ type and no ownership of memory crosses the boundary.
   - Text is UTF-8, ends with a zero byte, and is borrowed: valid during the call unless its comment
     says [static] (until the process ends).
   - Tensors are borrowed DLPack views on the CPU, C-contiguous, with strides set and byte_offset 0.
     The innermost calls, made for a few rows at a time, take plain pointers; their comment gives
     the shape. float32 throughout; labels, tokens and indices are int64.

   Threads

   [main]         only from the thread that runs the pipeline
   [exclusive]    from any thread, but never two calls at once on one instance (the default of every
                  function of a component); different instances may run at the same time
   [thread-safe]  from any thread at any time, also on one instance

   Life of a component

   In the order in which it happens. The host makes these calls from the thread that runs the
   pipeline, unless the text says otherwise; rely only on what a function's mark promises.

   I.    Discovery. `spar` first tries a plugin file that is new or has changed in a child process:
         the library is loaded, its entry called, and what its components say of themselves copied
         (names, schemas, summaries). If it crashes, hangs or gives a malformed answer, only the
         child suffers, and the file is refused. `spar list` and `spar describe` need no more. The
         working process loads a library when it is about to create the first of its components; it
         calls the entry there too, and refuses an answer that differs from the first. So let static
         initialisers and the entry do nothing but fill in tables.

   II.   Create. The host checks a component's node in the pipeline against its schema, fills in the
         defaults and calls `create`. This is the time to read all parameters and the key of the
         random numbers: `params`, and text read from it, are gone when the call returns; the host's
         table stays. A parameter that is itself a component is built when `create` asks for it
         (get_component), so the inner component is complete before the outer one. When `create`
         fails it leaves nothing behind: `destroy` is not called.

   III.  Rehearsal by `spar check`, without data. Everything but the datasets is created. Attacks
         and methods are asked whether they work under the threat (`fits`). The method takes one
         step (`prepare`, `gradients`, with its attacks and losses) on a small model and examples of
         the host's own making. Every attack is called once with no examples (count 0), so that it
         can refuse a shape or a goal. The pipeline's own model is not set up. Then all of these
         instances are destroyed.

   IV.   Start of a run. New instances are created and called as follows. Nothing is written into
         the run's folder before all but the reporters' `begin` has passed.
            tokenizer  load, or info and learn, before the first text is encoded; then info, token
            dataset    info; file, class_name and token for the record; text for all examples; read
                       when examples are needed
            model      setup, once, with the data's shape; outputs, traits, extension and parameter
                       from then on; parameters_changed if weights come from a file
            loss       needs, and evaluate on made-up outputs
            optimizer  state_count, state_name, traits
            transform  apply with no examples
            attack     of validation and evaluation: fits, and perturb with no examples
            reporter   begin, once the run's folder exists
         On `--resume` the parameters, the optimizer's arrays and the saved tensors of the methods
         are put back, parameters_changed is called, and then `load`, the inner components first.

   V.    A training step. dataset read; transform apply, for blocks of rows on several threads at
         once; method fits, prepare, gradients; optimizer update, for tensors or pieces of them on
         several threads at once.
         Meanwhile the method asks its session; each call returns before the next is made:
            session.pass    -> model pass -> head -> loss evaluate
            session.attack  -> attack perturb -> oracle evaluate -> model pass -> head -> loss
            session.prepare, session.gradients -> an inner method, with a session of its own
         A head is called by the model for a few rows at a time, from the threads on which the
         model works, several at once. That is why losses are [thread-safe], and why the heads that
         methods and attacks hand over must be.

   VI.   Validation and evaluation. dataset read, model pass in evaluation mode, attack perturb on
         the examples that are still right; the host then decides success with a pass of its own.
         Reporters get the figures as events.

   VII.  Checkpoints. `save` is called between two steps, when no other call into a component is
         under way: after the epochs that the pipeline names, after the last step, before a
         validation (for the case that this is stopped), and when the run is stopped. The inner
         components come first. An evaluation keeps its own log instead.

   VIII. Stop. When the user stops a run, the training step under way is finished, then a checkpoint
         is written. In validation and evaluation the oracle answers SPAR_E_CANCELLED from then on,
         and an attack hands that on; nobody may return it unasked. A second signal ends the process
         at once, without `save` or `destroy`.

   IX.   End. Reporters get `finish` once results.json is written. Then every instance is destroyed,
         [main], when no call into it is under way; the outer component before the inner ones, so
         `destroy` may still use what get_component gave. Libraries are never unloaded.

   When a call fails

   The host reports the message with the component and its place in the pipeline, and ends the run;
   what follows is only `destroy`. There are three exceptions. A reporter that fails after `begin`
   is destroyed at once, with a warning, and the run goes on. An attack that returns SPAR_E_BUDGET
   after the oracle did is done: its x_adv counts as it is. SPAR_E_CANCELLED in a run that is being
   stopped is no fault. `spar check` collects the problems instead, and asks an attack that refuses
   again with examples of another kind. A status passes unchanged through components that hand it
   on; the host remembers whose failure it was. Exceptions, changes of the thread's floating-point
   mode and writes past the end of an array count as failures of the component called.

   Memory

   The side that allocates also frees. Arrays and structs that a call is given are valid until it
   returns, and a component writes only into those meant for answers. What lives longer says so: the
   host's table and a spar_component_ref as long as the instance that got them, a model's parameters
   as long as the model, a session's tensors as long as the run, [static] text and tables until the
   process ends. */
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
#include "abi/site.h"
#include "abi/tokenizer.h"
#include "abi/transform.h"
#include "abi/visibility.h"

#endif
