// The names in a run's folder; docs/run-folder.md says what each holds. A reporter's files are its
// own.
#pragma once

namespace spar::host::run_files {

constexpr const char *plan = "plan.json";
constexpr const char *results = "results.json";
constexpr const char *model = "model.safetensors";
constexpr const char *evaluation = "evaluation.log";
constexpr const char *checkpoints = "checkpoints";           // a folder
constexpr const char *last_checkpoint = "last.safetensors";  // in it
constexpr const char *adversarial = "adversarial";           // a folder, a file an attack
constexpr const char *arrays = ".npz";                       // how those end

}  // namespace spar::host::run_files
